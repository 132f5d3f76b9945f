// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/openpgp_secret.hpp"

#include "detectors/keys/key_consistency.hpp"
#include "detectors/keys/key_identity.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors::openpgp {
namespace {

std::uint16_t sum(ByteView bytes) {
  std::uint32_t total = 0;
  for (const std::uint8_t byte : bytes) total += byte;
  return static_cast<std::uint16_t>(total);
}

/// n, e, or p, g, y, and so on: the public numbers again, which have been validated.
std::vector<ByteView> public_numbers(const Key& key, std::size_t count) {
  ByteReader reader(key.public_body);
  std::vector<ByteView> numbers(count);
  bool exact = true;
  if (!reader.skip(key.numbers_at)) return {};
  for (ByteView& number : numbers) {
    if (!read_mpi(reader, number, exact)) return {};
  }
  return numbers;
}

std::size_t count_of_secrets(unsigned algorithm) { return algorithm <= 3 ? 4 : 1; }

std::size_t native_bytes(unsigned algorithm) {
  constexpr std::array<std::size_t, 4> kBytes{32, 56, 32, 57};
  if (algorithm >= 25 && algorithm <= 28) return kBytes[algorithm - 25];
  return algorithm == 32 || algorithm == 33 ? 64 : algorithm == 34 ? 128 : 0;
}

bool numbers_agree(const Key& key, const std::vector<ByteView>& secret) {
  switch (key.algorithm) {
    case 1:
    case 2:
    case 3: {
      const auto numbers = public_numbers(key, 2);
      return numbers.size() == 2 && rsa_agrees(numbers[0], std::array{secret[1], secret[2]});
    }
    case 16:
    case 20: {
      const auto numbers = public_numbers(key, 3);
      return numbers.size() == 3 && discrete_log_agrees(numbers[0], numbers[1], numbers[2], secret[0]);
    }
    case 17: {
      const auto numbers = public_numbers(key, 4);
      return numbers.size() == 4 && discrete_log_agrees(numbers[0], numbers[2], numbers[3], secret[0]);
    }
    // SLH-DSA's public half is the second half of the private one (FIPS 205, 9.1).
    case 32:
    case 33:
    case 34: return same_bytes(spki_key(key.public_key.spki), secret[0].subspan(secret[0].size() / 2));
    // Curve25519's scalar is a number here; other raw secrets are octet strings.
    case 18: return curve_agrees(key.public_key, secret[0], key.public_key.key_type == "X25519");
    default: return curve_agrees(key.public_key, secret[0]);
  }
}

bool read_secrets(ByteReader& reader, const Key& key, std::vector<ByteView>& secret) {
  if (const std::size_t size = native_bytes(key.algorithm); size != 0) {
    secret.resize(1);
    return reader.view(size, secret[0]);
  }
  secret.resize(count_of_secrets(key.algorithm));
  bool exact = true;
  return std::ranges::all_of(secret, [&](ByteView& number) { return read_mpi(reader, number, exact) && !number.empty(); });
}

}  // namespace

std::optional<bool> secret_agrees(const Key& key, ByteView numbers) {
  if (key.public_key.spki.empty()) return true;
  ByteReader reader(numbers);
  std::vector<ByteView> secret;
  if (!read_secrets(reader, key, secret)) return std::nullopt;
  const ByteView summed = numbers.first(reader.offset());
  std::uint16_t stated = 0;
  if (key.version < 6 && !reader.u16_be(stated)) return std::nullopt;
  if (!reader.empty()) return std::nullopt;
  const bool sum_right = key.version >= 6 || stated == sum(summed);
  return sum_right && numbers_agree(key, secret);
}

}  // namespace landwaiter::detectors::openpgp
