// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/signify_key.hpp"

#include "core/base/encoding.hpp"
#include "core/base/secret.hpp"
#include "detectors/keys/key_finding.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::string_view kSignifyMark = "untrusted comment: ";
constexpr std::size_t kPublicSize = 2 + 8 + 32;
constexpr std::size_t kSignifySecretSize = 2 + 2 + 4 + 16 + 8 + 8 + 64;
constexpr std::size_t kMinisignSecretSize = 2 + 2 + 2 + 32 + 8 + 8 + 8 + 64 + 32;

bool is_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

/// Ed25519's secret key is the seed and the public key; they must belong together.
std::optional<PublicKey> public_half(ByteView secret) {
  auto derived = raw_curve_public_half(oid::ed25519(), secret.first(32));
  const auto stated = raw_curve_public_key(oid::ed25519(), secret.subspan(32));
  if (!derived || !stated || derived->spki != stated->spki) return std::nullopt;
  return derived;
}

PublicKey unknown_ed25519() { return {.key_type = "Ed25519", .size_bits = 256, .curve = {}, .spki = {}}; }

/// "Ed", "BK", rounds of bcrypt_pbkdf, salt, the first bytes of SHA-512 of the key, number, key (signify.c). Without a passphrase there are
/// no rounds.
std::optional<StoredKey> read_signify(ByteView bytes) {
  ByteReader reader(bytes);
  std::uint32_t rounds = 0;
  ByteView algorithms, salt, checksum, number, secret;
  const bool read = reader.view(4, algorithms) && reader.u32_be(rounds) && reader.view(16, salt) && reader.view(8, checksum) &&
                    reader.view(8, number) && reader.view(64, secret);
  if (!read || as_text(algorithms) != "EdBK") return std::nullopt;
  StoredKey key;
  key.format = "signify";
  key.opaque = secret;
  key.encrypted = rounds != 0;
  if (key.encrypted) {
    key.public_key = unknown_ed25519();
    key.encryption = {{"scheme", "signify"}, {"cipher", "xor"}, {"kdf", "bcrypt"}, {"rounds", rounds}};
    return key;
  }
  std::array<std::uint8_t, SHA512_DIGEST_LENGTH> hash{};
  SHA512(secret.data(), secret.size(), hash.data());
  auto derived = public_half(secret);
  if (!derived || !std::ranges::equal(checksum, ByteView(hash).first(checksum.size()))) return std::nullopt;
  key.public_key = std::move(*derived);
  return key;
}

std::uint64_t u64_le(ByteView bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = 8; i-- > 0;) out = out << 8 | bytes[i];
  return out;
}

/// "Ed", "Sc" or zeros, "B2" (or zeros in a key without a password), salt, two limits of scrypt, number, key, BLAKE2b of them.
std::optional<StoredKey> read_minisign(ByteView bytes) {
  ByteReader reader(bytes);
  ByteView signature, kdf, checksum_kind, salt, operations, memory, number, secret, checksum;
  const bool read = reader.view(2, signature) && reader.view(2, kdf) && reader.view(2, checksum_kind) && reader.view(32, salt) &&
                    reader.view(8, operations) && reader.view(8, memory) && reader.view(8, number) && reader.view(64, secret) &&
                    reader.view(32, checksum);
  if (!read || as_text(signature) != "Ed" || (as_text(checksum_kind) != "B2" && !is_zero(checksum_kind))) return std::nullopt;
  StoredKey key;
  key.format = "minisign";
  key.opaque = secret;
  key.encrypted = as_text(kdf) == "Sc";
  if (key.encrypted) {
    key.public_key = unknown_ed25519();
    key.encryption = {{"scheme", "minisign"},
                      {"cipher", "xor"},
                      {"kdf", "scrypt"},
                      {"scrypt_operations", u64_le(operations)},
                      {"scrypt_memory_bytes", u64_le(memory)}};
    return key;
  }
  auto derived = is_zero(kdf) ? public_half(secret) : std::nullopt;
  if (!derived) return std::nullopt;
  key.public_key = std::move(*derived);
  return key;
}

std::optional<Finding> describe(ByteView bytes, std::string_view comment, FindingSink& sink) {
  if (bytes.size() == kPublicSize && as_text(bytes.first(2)) == "Ed") {
    const auto key = raw_curve_public_key(oid::ed25519(), bytes.subspan(10));
    if (!key) return std::nullopt;
    // The same bytes for both programs; only minisign's comment starts with its name.
    Finding finding = public_key_finding(*key, "base64", comment.starts_with("minisign") ? "minisign" : "signify");
    finding.attributes["key_number"] = hex_encode(bytes.subspan(2, 8));
    return finding;
  }
  const auto key = bytes.size() == kSignifySecretSize    ? read_signify(bytes)
                   : bytes.size() == kMinisignSecretSize ? read_minisign(bytes)
                                                         : std::nullopt;
  if (!key) return std::nullopt;
  return private_key_finding(*key, "base64", sink);
}

}  // namespace

void inspect_signify_key(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::size_t kCommentMax = 1024;
  constexpr std::size_t kBase64Max = 4 * ((kMinisignSecretSize + 2) / 3);
  const std::string_view text = as_text(window.bytes);
  if (hit.end < kSignifyMark.size()) return;
  std::size_t at = hit.end;
  const std::string_view comment = take_line(text, at, kCommentMax);
  const std::size_t end = base64_end(text, at, kBase64Max + 1);
  if (end - at > kBase64Max) return;
  auto decoded = base64_decode(text.substr(at, end - at));
  if (!decoded) return;
  const WipedBytes bytes(*std::move(decoded));
  auto finding = describe(bytes.view(), comment, sink);
  if (!finding) return;
  sink.add(*std::move(finding), hit.end - kSignifyMark.size());
  sink.consumed(end);
}

}  // namespace landwaiter::detectors
