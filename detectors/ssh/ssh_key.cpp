// SPDX-License-Identifier: Apache-2.0
#include "detectors/ssh/ssh_key.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "detectors/formats/der.hpp"

#include <openssl/obj_mac.h>

#include <array>
#include <utility>

namespace landwaiter::detectors {
namespace {

constexpr std::string_view kOpenSshMagic{"openssh-key-v1\0", 15};

Error malformed_openssh(std::string_view what) { return Error(ErrorCode::malformed, "not an OpenSSH private key: " + std::string(what)); }

/// An mpint (RFC 4251, 5) that is not negative, without leading zeros.
bool read_magnitude(ByteReader& reader, ByteView& out) {
  if (!reader.u32_prefixed(out) || (!out.empty() && out[0] >= 0x80)) return false;
  while (!out.empty() && out[0] == 0) out = out.subspan(1);
  return !out.empty();
}

std::optional<PublicKey> read_rsa(ByteReader& reader) {
  ByteView e, n;
  if (!read_magnitude(reader, e) || !read_magnitude(reader, n)) return std::nullopt;
  return rsa_public_key(n, e);
}

std::optional<PublicKey> read_dsa(ByteReader& reader) {
  ByteView p, q, g, y;
  const bool read = read_magnitude(reader, p) && read_magnitude(reader, q) && read_magnitude(reader, g) && read_magnitude(reader, y);
  if (!read) return std::nullopt;
  return dsa_public_key(p, q, g, y);
}

std::optional<PublicKey> read_ecdsa(ByteReader& reader) {
  constexpr std::array<std::pair<std::string_view, int>, 3> kCurves{
      {{"nistp256", NID_X9_62_prime256v1}, {"nistp384", NID_secp384r1}, {"nistp521", NID_secp521r1}}};
  ByteView name, point;
  if (!reader.u32_prefixed(name) || !reader.u32_prefixed(point)) return std::nullopt;
  for (const auto& [curve, nid] : kCurves) {
    if (as_text(name) == curve) return ec_public_key(nid, point);
  }
  return std::nullopt;
}

/// Ed25519 and Ed448, RFC 8709.
std::optional<PublicKey> read_edwards(ByteReader& reader, ByteView oid) {
  ByteView key;
  if (!reader.u32_prefixed(key)) return std::nullopt;
  const Bytes type = der::write(der::kOid, {oid});
  return public_key_with(der::write(der::kSequence, {type}), key);
}

bool in_token(std::string_view type) { return type.starts_with("sk-"); }

/// bcrypt's options: salt, rounds.
nlohmann::json describe_kdf(std::string_view cipher, std::string_view kdf, ByteView options) {
  nlohmann::json out{{"scheme", "OpenSSH"}, {"cipher", printable(cipher)}, {"kdf", printable(kdf)}};
  ByteReader reader(options);
  ByteView salt;
  std::uint32_t rounds = 0;
  if (kdf == "bcrypt" && reader.u32_prefixed(salt) && reader.u32_be(rounds)) out["rounds"] = rounds;
  return out;
}

/// How many strings a private key has after its type; a token's key also has a flags byte.
struct PrivateShape {
  std::string_view type_prefix;
  std::size_t strings;
  std::size_t strings_after_flags;
  bool flags;
};

constexpr std::array<PrivateShape, 7> kShapes{{{"ssh-rsa", 6, 0, false},
                                               {"ssh-dss", 5, 0, false},
                                               {"ecdsa-sha2-", 3, 0, false},
                                               {"ssh-ed25519", 2, 0, false},
                                               {"ssh-ed448", 2, 0, false},
                                               {"sk-ecdsa-", 3, 2, true},
                                               {"sk-ssh-ed25519@", 2, 2, true}}};

bool skip_strings(ByteReader& reader, std::size_t count) {
  ByteView ignored;
  while (count-- > 0) {
    if (!reader.u32_prefixed(ignored)) return false;
  }
  return true;
}

/// One private key and its comment. An unknown type cannot be parsed, so it is accepted as the last one.
bool skip_private_key(ByteReader& reader, bool& known) {
  ByteView type;
  if (!reader.u32_prefixed(type)) return false;
  known = false;
  for (const PrivateShape& shape : kShapes) {
    if (!as_text(type).starts_with(shape.type_prefix)) continue;
    known = true;
    const std::size_t comment = 1;
    if (!skip_strings(reader, shape.strings)) return false;
    if (shape.flags && !reader.skip(1)) return false;
    return skip_strings(reader, shape.strings_after_flags + comment);
  }
  return true;
}

/// The check number twice, the keys with their comments, then 1, 2, 3, ... up to the block size of 8.
bool plain_section_agrees(ByteView section, std::size_t keys) {
  ByteReader reader(section);
  std::uint32_t first = 0, second = 0;
  if (!reader.u32_be(first) || !reader.u32_be(second) || first != second) return false;
  for (std::size_t i = 0; i < keys; ++i) {
    bool known = false;
    if (!skip_private_key(reader, known)) return false;
    if (!known) return true;
  }
  if (reader.remaining() > 255) return false;
  std::uint8_t byte = 0;
  for (std::uint8_t expected = 1; reader.u8(byte); ++expected) {
    if (byte != expected) return false;
  }
  return true;
}

}  // namespace

std::optional<PublicKey> read_ssh_public_fields(std::string_view type, ByteReader& reader) {
  std::optional<PublicKey> key;
  if (type == "ssh-rsa") key = read_rsa(reader);
  else if (type == "ssh-dss") key = read_dsa(reader);
  else if (type.starts_with("ecdsa-sha2-nistp") || type == "sk-ecdsa-sha2-nistp256@openssh.com") key = read_ecdsa(reader);
  else if (type == "ssh-ed25519" || type == "sk-ssh-ed25519@openssh.com") key = read_edwards(reader, oid::ed25519());
  else if (type == "ssh-ed448") key = read_edwards(reader, oid::ed448());
  ByteView application;
  if (key && in_token(type) && !reader.u32_prefixed(application)) return std::nullopt;
  return key;
}

std::optional<PublicKey> read_ssh_public_key(ByteView blob) {
  ByteReader reader(blob);
  ByteView type;
  if (!reader.u32_prefixed(type)) return std::nullopt;
  auto key = read_ssh_public_fields(as_text(type), reader);
  return reader.empty() ? key : std::nullopt;
}

void append_ssh_string(Bytes& out, ByteView bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::uint8_t>(size >> shift));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::string ssh_fingerprint(ByteView blob) {
  const auto hash = hex_decode(Digest::sha256_of(blob).hex());
  std::string text = base64_encode(*hash);
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

Result<std::vector<PrivateKey>> read_openssh_private(ByteView bytes) {
  if (!as_text(bytes).starts_with(kOpenSshMagic)) return malformed_openssh("wrong magic");
  ByteReader reader(bytes.subspan(kOpenSshMagic.size()));
  ByteView cipher_bytes, kdf_bytes, options, section;
  std::uint32_t count = 0;
  if (!reader.u32_prefixed(cipher_bytes) || !reader.u32_prefixed(kdf_bytes) || !reader.u32_prefixed(options) || !reader.u32_be(count)) {
    return malformed_openssh("its header is truncated");
  }
  constexpr std::size_t kPublicKeyBytesMin = 4 + 32;
  if (count == 0 || count > reader.remaining() / kPublicKeyBytesMin) return malformed_openssh("its count of keys");
  std::vector<ByteView> blobs(count);
  for (ByteView& blob : blobs) {
    if (!reader.u32_prefixed(blob)) return malformed_openssh("a public key is truncated");
  }
  if (!reader.u32_prefixed(section) || section.empty()) return malformed_openssh("its private part is truncated");

  const std::string_view cipher = as_text(cipher_bytes);
  const bool agrees = cipher != "none" || plain_section_agrees(section, blobs.size());
  std::vector<PrivateKey> keys;
  for (const ByteView blob : blobs) {
    PrivateKey key;
    key.format = "OpenSSH";
    key.encrypted = cipher != "none";
    if (key.encrypted) key.encryption = describe_kdf(cipher, as_text(kdf_bytes), options);
    key.ssh_fingerprint = ssh_fingerprint(blob);
    key.opaque = section;
    ByteReader type_reader(blob);
    ByteView type;
    if (!type_reader.u32_prefixed(type)) return malformed_openssh("a public key is truncated");
    if (auto public_key = read_ssh_public_key(blob)) key.public_key = std::move(*public_key);
    else key.public_key.key_type = printable(as_text(type).substr(0, 64));
    key.consistent = agrees;
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace landwaiter::detectors
