// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/apk_signing.hpp"

#include "core/base/digest.hpp"
#include "core/report/attribute_names.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

struct Scheme {
  std::uint32_t id;
  const char* name;
  bool sdk_range;  ///< the Android versions that it applies to follow the signed data
};

constexpr std::array<Scheme, 3> kSchemes{{{0x7109871a, "v2", false}, {0xf05368c0, "v3", true}, {0x1b93ad61, "v3.1", true}}};

struct ApkAlgorithm {
  std::uint32_t id;
  const char* name;
};

/// The scheme's own numbers.
constexpr std::array<ApkAlgorithm, 10> kApkAlgorithms{{{0x0101, "RSASSA-PSS with SHA256"},
                                                       {0x0102, "RSASSA-PSS with SHA512"},
                                                       {0x0103, "RSASSA-PKCS1-v1_5 with SHA256"},
                                                       {0x0104, "RSASSA-PKCS1-v1_5 with SHA512"},
                                                       {0x0201, "ECDSA with SHA256"},
                                                       {0x0202, "ECDSA with SHA512"},
                                                       {0x0301, "DSA with SHA256"},
                                                       {0x0421, "RSASSA-PKCS1-v1_5 with SHA256, verity"},
                                                       {0x0423, "ECDSA with SHA256, verity"},
                                                       {0x0425, "DSA with SHA256, verity"}}};

constexpr std::size_t kSizeBytes = 8;
constexpr std::size_t kIdBytes = 4;
/// apksigner writes one signer; ten is the platform's own bound.
constexpr std::size_t kSignersMax = 10;
constexpr std::size_t kAlgorithmsMax = 20;

/// A u32 and that many bytes.
bool prefixed(ByteReader& reader, ByteView& out) {
  std::uint32_t size = 0;
  return reader.u32_le(size) && reader.view(size, out);
}

const Scheme* scheme_of(ByteView bytes, std::size_t id_at) {
  ByteReader reader(bytes.subspan(id_at));
  std::uint32_t id = 0;
  if (!reader.u32_le(id)) return nullptr;
  const auto found = std::ranges::find(kSchemes, id, &Scheme::id);
  return found == kSchemes.end() ? nullptr : &*found;
}

std::string algorithm_text(std::uint32_t id) {
  const auto found = std::ranges::find(kApkAlgorithms, id, &ApkAlgorithm::id);
  return found == kApkAlgorithms.end() ? "unknown (" + std::to_string(id) + ')' : found->name;
}

/// Signatures: a list of { u32 algorithm, bytes }, each prefixed.
bool read_signatures(ByteView list, json& algorithms) {
  for (ByteReader reader(list); !reader.empty();) {
    ByteView signature, value;
    std::uint32_t id = 0;
    if (!prefixed(reader, signature)) return false;
    ByteReader fields(signature);
    if (!fields.u32_le(id) || !prefixed(fields, value) || !fields.empty() || algorithms.size() >= kAlgorithmsMax) return false;
    algorithms.push_back(algorithm_text(id));
  }
  return !algorithms.empty();
}

/// The signed data: digests, certificates, and more that is not needed.
bool count_certificates(ByteView signed_data, std::size_t& count) {
  ByteReader reader(signed_data);
  ByteView digests, certificates, certificate;
  if (!prefixed(reader, digests) || !prefixed(reader, certificates)) return false;
  for (ByteReader list(certificates); !list.empty(); ++count) {
    if (!prefixed(list, certificate)) return false;
  }
  return count > 0;
}

std::optional<json> read_signer(ByteView signer, const Scheme& scheme) {
  ByteReader reader(signer);
  ByteView signed_data, signatures, public_key;
  std::uint32_t sdk_min = 0, sdk_max = 0;
  if (!prefixed(reader, signed_data)) return std::nullopt;
  if (scheme.sdk_range && (!reader.u32_le(sdk_min) || !reader.u32_le(sdk_max))) return std::nullopt;
  if (!prefixed(reader, signatures) || !prefixed(reader, public_key) || !reader.empty()) return std::nullopt;
  json algorithms = json::array();
  std::size_t certificates = 0;
  if (!read_signatures(signatures, algorithms) || !count_certificates(signed_data, certificates)) return std::nullopt;
  return json{{"signature_algorithms", std::move(algorithms)}, {"certificates", certificates}};
}

}  // namespace

std::optional<std::uint64_t> apk_pair_size(ByteView bytes, std::size_t id_at) {
  if (id_at < kSizeBytes || id_at > bytes.size() || scheme_of(bytes, id_at) == nullptr) return std::nullopt;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < kSizeBytes; ++i) size |= static_cast<std::uint64_t>(bytes[id_at - kSizeBytes + i]) << (8 * i);
  constexpr std::uint64_t kPairMax = 0xffffffff;
  if (size <= kIdBytes || size > kPairMax) return std::nullopt;
  return kSizeBytes + size;
}

std::optional<Finding> describe_apk_pair(ByteView bytes) {
  const auto size = apk_pair_size(bytes, kSizeBytes);
  if (!size || *size > bytes.size()) return std::nullopt;
  const Scheme& scheme = *scheme_of(bytes, kSizeBytes);
  ByteReader value(bytes.first(*size).subspan(kSizeBytes + kIdBytes));
  ByteView list, signer;
  if (!prefixed(value, list) || !value.empty()) return std::nullopt;
  json signers = json::array();
  for (ByteReader reader(list); !reader.empty();) {
    if (!prefixed(reader, signer) || signers.size() >= kSignersMax) return std::nullopt;
    auto described = read_signer(signer, scheme);
    if (!described) return std::nullopt;
    signers.push_back(*std::move(described));
  }
  if (signers.empty()) return std::nullopt;
  Finding finding;
  finding.type = FindingType::signed_data;
  finding.id = Digest::sha256_of(bytes.first(*size)).str();
  finding.title =
      std::string("APK signature, scheme ") + scheme.name + " (" + signers[0]["signature_algorithms"][0].get<std::string>() + ')';
  finding.attributes = {{attribute::format, "APK Signing Block"}, {"scheme", scheme.name},     {attribute::container, "apk"},
                        {attribute::encoding, "binary"},          {attribute::detached, true}, {"signers_count", signers.size()},
                        {attribute::weaknesses, json::array()}};
  finding.attributes["signers"] = std::move(signers);
  return finding;
}

}  // namespace landwaiter::detectors
