// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/secret_ids.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/memory_meter.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <new>

namespace landwaiter::detectors {
namespace {

/// For all installations. It keeps these hashes apart from others of the same bytes; it is not secret.
constexpr std::string_view kSalt = "landwaiter secret id 1";
constexpr double kStrongBits = 128;

/// RFC 7914: a block of 128 * r * N bytes, p times.
constexpr std::uint64_t kScryptN = 8192, kScryptR = 8, kScryptP = 2;
constexpr std::uint64_t kScryptBytes = 128 * kScryptR * (kScryptN + kScryptP + 2);

/// A layer has few preshared keys and passwords as keys, and they take half a second together.
constexpr std::size_t kSlowIdsMax = 8;

constexpr std::string_view kPlace = "place:";

std::string slow_hash(ByteView secret) {
  Bytes out(32);
  const auto* salt = reinterpret_cast<const unsigned char*>(kSalt.data());
  const int done = EVP_PBE_scrypt(reinterpret_cast<const char*>(secret.data()), secret.size(), salt, kSalt.size(), kScryptN, kScryptR,
                                  kScryptP, 2 * kScryptBytes, out.data(), out.size());
  if (done != 1) throw std::bad_alloc();  // all else is constant
  return "scrypt:" + hex_encode(out);
}

/// Natural language has one to two bits a letter (Shannon, 1951).
constexpr double kBitsOfLetter = 2;

struct Kinds {
  bool lower = false, upper = false, digit = false, space = false, other = false, binary = false;
};

Kinds kinds_of(ByteView secret) {
  Kinds kinds;
  for (const std::uint8_t byte : secret) {
    const char c = static_cast<char>(byte);
    if (c >= 'a' && c <= 'z') kinds.lower = true;
    else if (c >= 'A' && c <= 'Z') kinds.upper = true;
    else if (c >= '0' && c <= '9') kinds.digit = true;
    else if (c == ' ') kinds.space = true;
    else if (byte > 0x20 && byte < 0x7f) kinds.other = true;
    else kinds.binary = true;
  }
  return kinds;
}

double bits_of_character(const Kinds& kinds, ByteView secret) {
  if (kinds.binary) return 8;
  if (!kinds.digit && !kinds.other) return kBitsOfLetter;
  const auto is_hex = [](std::uint8_t byte) {
    return std::string_view("0123456789abcdefABCDEF").find(static_cast<char>(byte)) != std::string_view::npos;
  };
  if (std::ranges::all_of(secret, is_hex)) return kinds.lower || kinds.upper ? 4 : std::log2(10.0);
  const int alphabet =
      (kinds.lower ? 26 : 0) + (kinds.upper ? 26 : 0) + (kinds.digit ? 10 : 0) + (kinds.other ? 32 : 0) + (kinds.space ? 1 : 0);
  return std::log2(alphabet);
}

}  // namespace

double guesses_bits(ByteView secret) {
  std::array<bool, 256> seen{};
  for (const std::uint8_t byte : secret) seen[byte] = true;
  // Zeros, "abababab": a pattern, whatever its length.
  constexpr int kFewDifferent = 8;
  if (std::ranges::count(seen, true) < kFewDifferent) return 0;
  return static_cast<double>(secret.size()) * bits_of_character(kinds_of(secret), secret);
}

void SecretIds::begin_layer() {
  left_ = kSlowIdsMax;
  known_.clear();
}

std::optional<std::string> SecretIds::of(ByteView secret, bool guessable) {
  std::string fast = hex_encode(hmac_sha256(as_bytes(kSalt), secret));
  if (!guessable && guesses_bits(secret) >= kStrongBits) return "hmac-sha256:" + fast;
  const auto known = known_.find(fast);
  if (known != known_.end()) return known->second;
  MemoryMeter* const memory = MemoryScope::current();
  if (left_ == 0 || (memory != nullptr && !memory->take(kScryptBytes))) return std::nullopt;
  --left_;
  const std::string& id = known_.emplace(std::move(fast), slow_hash(secret)).first->second;
  if (memory != nullptr) memory->give_back(kScryptBytes);
  return id;
}

std::string id_of_place(std::uint64_t offset, std::span<const std::string> encodings) {
  std::string id = std::string(kPlace) + std::to_string(offset);
  for (const std::string& encoding : encodings) id += '/' + encoding;
  return id;
}

bool is_id_of_place(const Finding& finding) { return finding.id.starts_with(kPlace); }

void settle_id_of_place(Finding& finding) {
  if (!is_id_of_place(finding)) return;
  const Occurrence first = finding.occurrences.empty() ? Occurrence() : finding.occurrences.front();
  finding.id = "place-sha256:" + std::string(Digest::sha256_of(as_bytes(finding.id + " in " + place_text(first))).hex());
}

}  // namespace landwaiter::detectors
