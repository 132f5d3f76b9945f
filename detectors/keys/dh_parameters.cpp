// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/dh_parameters.hpp"

#include "core/base/digest.hpp"
#include "core/base/limits.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/public_key.hpp"

namespace landwaiter::detectors {

std::optional<Finding> describe_dh_parameters(ByteView der) {
  using nlohmann::json;
  if (!der::well_formed(der, limits::der_depth_max)) return std::nullopt;
  const auto fields = der::only_content(der, der::kSequence);
  if (!fields) return std::nullopt;
  der::Reader reader(*fields);
  ByteView p, g;
  if (!reader.unsigned_integer(p) || !reader.unsigned_integer(g)) return std::nullopt;
  constexpr std::size_t kBitsMin = 128;
  constexpr std::size_t kStrongBits = 2048;  // SP 800-56A revision 3, table 2
  const std::size_t bits = bit_length(p);
  if (bits < kBitsMin || bits > limits::key_bits_max || g.empty() || g.size() > p.size()) return std::nullopt;
  Finding finding;
  finding.type = FindingType::crypto_configuration;
  finding.id = Digest::sha256_of(der).str();
  finding.attributes[attribute::encoding] = "PEM";
  finding.attributes[attribute::format] = "DH parameters";
  finding.attributes[attribute::key_type] = "DH";
  finding.attributes[attribute::key_size_bits] = bits;
  finding.attributes[attribute::weaknesses] = bits < kStrongBits ? json::array({"short-dh"}) : json::array();
  finding.title = "Diffie-Hellman parameters of " + std::to_string(bits) + " bits";
  return finding;
}

}  // namespace landwaiter::detectors
