// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/openpgp_key.hpp"

#include "core/base/encoding.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/openpgp/openpgp_secret.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace landwaiter::detectors::openpgp {
namespace {

struct Algorithm {
  unsigned number;
  const char* name;
};

/// RFC 9580, 9.1; LibrePGP's 8; the post-quantum ones of draft-ietf-openpgp-pqc.
constexpr std::array<Algorithm, 21> kAlgorithms{{{1, "RSA"},
                                                 {2, "RSA"},
                                                 {3, "RSA"},
                                                 {8, "Kyber"},
                                                 {16, "ElGamal"},
                                                 {17, "DSA"},
                                                 {18, "ECDH"},
                                                 {19, "ECDSA"},
                                                 {20, "ElGamal"},
                                                 {22, "EdDSA"},
                                                 {25, "X25519"},
                                                 {26, "X448"},
                                                 {27, "Ed25519"},
                                                 {28, "Ed448"},
                                                 {30, "ML-DSA-65+Ed25519"},
                                                 {31, "ML-DSA-87+Ed448"},
                                                 {32, "SLH-DSA-SHAKE-128s"},
                                                 {33, "SLH-DSA-SHAKE-128f"},
                                                 {34, "SLH-DSA-SHAKE-256s"},
                                                 {35, "ML-KEM-768+X25519"},
                                                 {36, "ML-KEM-1024+X448"}}};

constexpr std::array<std::uint8_t, 9> kLegacyEd25519{0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01};
constexpr std::array<std::uint8_t, 10> kLegacyX25519{0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01};

std::optional<PublicKey> raw_key(ByteView oid_content, ByteView key) {
  const Bytes type = der::write(der::kOid, {oid_content});
  return public_key_with(der::write(der::kSequence, {type}), key);
}

std::string digest_hex(const EVP_MD* method, std::initializer_list<ByteView> parts) {
  constexpr std::uint64_t kUnits = 2'000, kUnitsPerByte = 5;
  Bytes all;
  for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
  charge_work(kUnits + kUnitsPerByte * all.size());
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (EVP_Digest(all.data(), all.size(), out.data(), &size, method, nullptr) != 1) return {};
  return hex_encode(ByteView(out).first(size));
}

/// RFC 9580, 5.5.4; LibrePGP's version 5 has another first octet.
void set_fingerprint(Key& key) {
  const ByteView body = key.public_body;
  const auto size = static_cast<std::uint32_t>(body.size());
  const auto octet = [&](int shift) { return static_cast<std::uint8_t>(size >> shift); };
  if (key.version == 4) {
    key.fingerprint = digest_hex(EVP_sha1(), {Bytes{0x99, octet(8), octet(0)}, body});
    key.key_id = key.fingerprint.size() == 40 ? key.fingerprint.substr(24) : std::string();
  } else {
    const std::uint8_t first = key.version == 5 ? 0x9a : 0x9b;
    key.fingerprint = digest_hex(EVP_sha256(), {Bytes{first, octet(24), octet(16), octet(8), octet(0)}, body});
    key.key_id = key.fingerprint.substr(0, 16);
  }
}

/// Versions 2 and 3 (RFC 4880, 12.2): MD5 of the bare numbers, and the modulus's last octets for the id.
void set_old_fingerprint(Key& key, ByteView modulus, ByteView exponent) {
  key.fingerprint = digest_hex(EVP_md5(), {modulus, exponent});
  const std::string hex = hex_encode(modulus);
  key.key_id = hex.size() >= 16 ? hex.substr(hex.size() - 16) : hex;
}

bool read_rsa(ByteReader& reader, Key& key) {
  ByteView n, e;
  if (!read_mpi(reader, n, key.exact) || !read_mpi(reader, e, key.exact)) return false;
  key.public_key = rsa_public_key(n, e);
  if (key.version < 4) set_old_fingerprint(key, n, e);
  return bit_length(n) >= 256 && bit_length(e) > 0;
}

bool read_dsa(ByteReader& reader, Key& key) {
  ByteView p, q, g, y;
  for (ByteView* number : {&p, &q, &g, &y}) {
    if (!read_mpi(reader, *number, key.exact)) return false;
  }
  key.public_key = dsa_public_key(p, q, g, y);
  return bit_length(p) >= 256 && bit_length(q) >= 64;
}

bool read_elgamal(ByteReader& reader, Key& key) {
  ByteView p, g, y;
  for (ByteView* number : {&p, &g, &y}) {
    if (!read_mpi(reader, *number, key.exact)) return false;
  }
  key.public_key = elgamal_public_key(p, g, y);
  return bit_length(p) >= 256;
}

bool read_curve(ByteReader& reader, Key& key) {
  std::uint8_t oid_size = 0, kdf_size = 0;
  ByteView oid_content, point;
  if (!reader.u8(oid_size) || oid_size == 0 || oid_size == 255 || !reader.view(oid_size, oid_content)) return false;
  // Points are not numbers: GnuPG counts their bits differently.
  bool exact = true;
  if (!read_mpi(reader, point, exact) || point.empty()) return false;
  auto public_key = curve_public_key(oid_content, point);
  if (!public_key) return false;
  key.public_key = std::move(*public_key);
  constexpr unsigned kEcdh = 18;
  return key.algorithm != kEcdh || (reader.u8(kdf_size) && reader.skip(kdf_size));
}

bool read_native(ByteReader& reader, ByteView oid_content, std::size_t size, Key& key) {
  ByteView point;
  if (!reader.view(size, point)) return false;
  auto public_key = raw_key(oid_content, point);
  if (public_key) key.public_key = std::move(*public_key);
  return public_key.has_value();
}

/// Sizes of the public parts of draft-ietf-openpgp-pqc from algorithm 30 on: the other key and then the post-quantum one.
std::size_t post_quantum_bytes(unsigned algorithm) {
  constexpr std::array<std::size_t, 7> kBytes{32 + 1952, 57 + 2592, 32, 32, 64, 32 + 1184, 56 + 1568};
  return algorithm >= 30 && algorithm <= 36 ? kBytes[algorithm - 30] : 0;
}

/// SLH-DSA stands alone and has the identity of its SubjectPublicKeyInfo. No other format has the pairs: these are known by name.
bool read_post_quantum(ByteReader& reader, Key& key) {
  ByteView numbers;
  if (!reader.view(post_quantum_bytes(key.algorithm), numbers)) return false;
  key.public_key.key_type = algorithm_name(key.algorithm);
  if (key.algorithm < 32 || key.algorithm > 34) return true;
  constexpr std::array<std::uint8_t, 3> kLastArcs{26, 27, 30};
  const Bytes identifier{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, kLastArcs[key.algorithm - 32]};
  auto public_key = raw_key(identifier, numbers);
  if (public_key) key.public_key = *std::move(public_key);
  return public_key.has_value();
}

/// `size` is that of all public numbers, if the version has it.
bool read_numbers(ByteReader& reader, std::optional<std::size_t> size, Key& key) {
  switch (key.algorithm) {
    case 1:
    case 2:
    case 3: return read_rsa(reader, key);
    case 16:
    case 20: return read_elgamal(reader, key);
    case 17: return read_dsa(reader, key);
    case 18:
    case 19:
    case 22: return read_curve(reader, key);
    case 25: return read_native(reader, oid::x25519(), 32, key);
    case 26: return read_native(reader, oid::x448(), 56, key);
    case 27: return read_native(reader, oid::ed25519(), 32, key);
    case 28: return read_native(reader, oid::ed448(), 57, key);
    default: break;
  }
  if (post_quantum_bytes(key.algorithm) != 0) return read_post_quantum(reader, key);
  // Known only by name, and only if the packet says how much is public.
  const std::string name = algorithm_name(key.algorithm);
  key.public_key.key_type = name;
  return !name.empty() && size.has_value() && *size >= 32 && reader.skip(*size);
}

bool read_head(ByteReader& reader, Key& key, std::optional<std::size_t>& size) {
  std::uint8_t version = 0, algorithm = 0;
  std::uint16_t valid_days = 0;
  if (!reader.u8(version) || version < 2 || version > 6 || !reader.u32_be(key.created)) return false;
  if (version < 4 && !reader.u16_be(valid_days)) return false;
  if (!reader.u8(algorithm)) return false;
  key.version = version;
  key.algorithm = algorithm;
  if (version >= 5) {
    std::uint32_t material = 0;
    if (!reader.u32_be(material) || material > reader.remaining()) return false;
    size = material;
  }
  const bool rsa = algorithm >= 1 && algorithm <= 3;
  return version >= 4 || rsa;
}

}  // namespace

std::string algorithm_name(unsigned algorithm) {
  const auto found = std::ranges::find(kAlgorithms, algorithm, &Algorithm::number);
  return found == kAlgorithms.end() ? std::string() : found->name;
}

PublicKey elgamal_public_key(ByteView p, ByteView g, ByteView y) {
  constexpr std::array<std::uint8_t, 6> kElGamal{0x2b, 0x0e, 0x07, 0x02, 0x01, 0x01};
  const Bytes p_der = der::write_unsigned(p);
  const Bytes g_der = der::write_unsigned(g);
  const Bytes y_der = der::write_unsigned(y);
  const Bytes parameters = der::write(der::kSequence, {p_der, g_der});
  const Bytes type = der::write(der::kOid, {kElGamal});
  const Bytes algorithm = der::write(der::kSequence, {type, parameters});
  const Bytes bits = der::write_bit_string(y_der);
  return {.key_type = "ElGamal", .size_bits = bit_length(p), .curve = {}, .spki = der::write(der::kSequence, {algorithm, bits})};
}

std::optional<PublicKey> curve_public_key(ByteView oid_content, ByteView point) {
  const bool prefixed = point.size() % 2 == 1 && point[0] == 0x40;
  if (std::ranges::equal(oid_content, kLegacyEd25519)) return raw_key(oid::ed25519(), prefixed ? point.subspan(1) : point);
  if (std::ranges::equal(oid_content, kLegacyX25519)) return raw_key(oid::x25519(), prefixed ? point.subspan(1) : point);
  for (const ByteView native : {oid::ed25519(), oid::ed448(), oid::x25519(), oid::x448()}) {
    if (!std::ranges::equal(oid_content, native)) continue;
    auto key = raw_key(native, point);
    return key || point[0] != 0x40 ? std::move(key) : raw_key(native, point.subspan(1));
  }
  if (point[0] < 2 || point[0] > 4) return std::nullopt;
  auto key = ec_public_key(der::write(der::kOid, {oid_content}), point);
  if (key && key->size_bits != 0 && point.size() != 1 + 2 * ((key->size_bits + 7) / 8) && point[0] == 4) return std::nullopt;
  return key;
}

std::optional<Key> read_key(const Packet& packet) {
  if (!packet.in_one) return std::nullopt;
  ByteReader reader(packet.body);
  Key key;
  std::optional<std::size_t> size;
  if (!read_head(reader, key, size)) return std::nullopt;
  key.numbers_at = reader.offset();
  if (!read_numbers(reader, size, key)) return std::nullopt;
  if (size && reader.offset() - key.numbers_at != *size) return std::nullopt;
  const ByteView body = packet.body.first(reader.offset());
  key.public_body.assign(body.begin(), body.end());
  if (key.version >= 4) set_fingerprint(key);
  key.secret.part = SecretPart::none;
  if (packet.tag == kPublicKey || packet.tag == kPublicSubkey) {
    if (!reader.empty()) return std::nullopt;
    return key;
  }
  key.secret.part = SecretPart::clear;
  if (!read_protection(reader, key.version, key.secret)) return std::nullopt;
  ByteView rest;
  static_cast<void>(reader.view(reader.remaining(), rest));
  if (key.secret.part == SecretPart::encrypted && rest.size() < 16) return std::nullopt;
  if (key.secret.part == SecretPart::clear) {
    const auto agrees = secret_agrees(key, rest);
    if (!agrees) return std::nullopt;
    key.consistent = *agrees;
  }
  return key;
}

}  // namespace landwaiter::detectors::openpgp
