// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/key_checks.hpp"

#include "core/base/digest.hpp"
#include "core/base/limits.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/key_identity.hpp"
#include "detectors/keys/key_work.hpp"
#include "detectors/keys/rsa_checks.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

/// SEC 1, 2.3.3: 02 or 03 and x; 04 (or 06, 07), x and y.
ByteView point_x(ByteView point) {
  if (point.size() < 2) return {};
  const ByteView coordinates = point.subspan(1);
  const std::uint8_t form = point[0];
  if (form == 2 || form == 3) return coordinates;
  const bool both = (form == 4 || form == 6 || form == 7) && coordinates.size() % 2 == 0;
  return both ? coordinates.first(coordinates.size() / 2) : ByteView();
}

/// Signatures by 3 have been forged where padding was checked carelessly (CVE-2006-4339); with 17 and more a forgery no longer fits.
constexpr std::uint8_t kSmallExponentMax = 15;

void add_rsa_weaknesses(const RsaNumbers& rsa, std::vector<std::string>& codes) {
  if (rsa.exponent.size() == 1 && rsa.exponent[0] == 1) codes.emplace_back("rsa-exponent-1");
  if (rsa.exponent.empty() || (rsa.exponent.back() & 1) == 0) codes.emplace_back("rsa-exponent-even");
  else if (rsa.exponent.size() == 1 && rsa.exponent[0] > 1 && rsa.exponent[0] <= kSmallExponentMax)
    codes.emplace_back("rsa-exponent-small");
  if (bit_length(rsa.modulus) > limits::key_bits_max) return;
  if (!charge_work(key_work::modulus_checks(8 * rsa.modulus.size()))) return;
  if (rsa::has_small_factor(rsa.modulus)) codes.emplace_back("rsa-small-factor");
  if (rsa::has_close_primes(rsa.modulus)) codes.emplace_back("rsa-fermat");
  if (rsa::is_roca(rsa.modulus)) codes.emplace_back("rsa-roca");
}

}  // namespace

std::optional<RsaNumbers> rsa_numbers(const PublicKey& key) {
  if (!key.key_type.starts_with("RSA")) return std::nullopt;
  const auto fields = der::only_content(spki_key(key.spki), der::kSequence);
  if (!fields) return std::nullopt;
  der::Reader reader(*fields);
  RsaNumbers out;
  if (!reader.next(der::kInteger, out.modulus) || !reader.next(der::kInteger, out.exponent)) return std::nullopt;
  out.modulus = without_zeros(out.modulus);
  out.exponent = without_zeros(out.exponent);
  return out;
}

std::vector<std::string> key_weaknesses(const PublicKey& key) {
  std::vector<std::string> codes;
  if (auto code = key_weakness(key); !code.empty()) codes.push_back(std::move(code));
  if (const auto rsa = rsa_numbers(key)) add_rsa_weaknesses(*rsa, codes);
  if (key.curve == "explicit") codes.emplace_back("explicit-curve");
  return codes;
}

ByteView key_value(const PublicKey& key) {
  if (const auto rsa = rsa_numbers(key)) return rsa->modulus;
  const ByteView bits = spki_key(key.spki);
  if (key.key_type == "EC") return without_zeros(point_x(bits));
  if (key.key_type == "DSA" || key.key_type == "DH") {
    ByteView y;
    return der::Reader(bits).unsigned_integer(y) ? y : ByteView();
  }
  const bool raw = key.key_type == "Ed25519" || key.key_type == "Ed448" || key.key_type == "X25519" || key.key_type == "X448";
  return raw ? without_zeros(bits) : ByteView();
}

std::string key_hash(const PublicKey& key) {
  constexpr std::size_t kHashBytes = 15;
  const ByteView value = key_value(key);
  return value.empty() ? std::string() : std::string(Digest::sha256_of(value).hex().substr(0, 2 * kHashBytes));
}

}  // namespace landwaiter::detectors
