// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/openpgp_s2k.hpp"
#include "core/base/json_text.hpp"

#include <array>

namespace landwaiter::detectors::openpgp {
namespace {

using nlohmann::json;

/// S2K usage (RFC 9580, 3.7.2.1).
enum Usage : std::uint8_t { kClear = 0, kAead = 253, kSha1Check = 254, kSumCheck = 255 };
/// S2K specifiers (RFC 9580, 3.7.1); 101 is GnuPG's.
enum Specifier : std::uint8_t { kSimple = 0, kSalted = 1, kIterated = 3, kArgon2 = 4, kGnu = 101 };

/// Block size of the cipher; 0 if unknown.
std::size_t block_bytes(unsigned cipher) {
  if (cipher >= 1 && cipher <= 4) return 8;
  return cipher >= 7 && cipher <= 13 ? 16 : 0;
}

/// Nonces of EAX, OCB, GCM (RFC 9580, 9.6).
std::size_t nonce_bytes(unsigned aead) {
  constexpr std::array<std::size_t, 4> kBytes{0, 16, 15, 12};
  return aead < kBytes.size() ? kBytes[aead] : 0;
}

std::string aead_name(unsigned aead) {
  constexpr std::array kNames{"", "EAX", "OCB", "GCM"};
  return aead != 0 && aead < kNames.size() ? kNames[aead] : "AEAD " + std::to_string(aead);
}

/// "GNU", then a mode: 1 for no key, 2 for a key on a card, whose serial number follows.
bool read_gnu(ByteReader& reader, Protection& out) {
  std::uint8_t hash = 0, mode = 0;
  ByteView mark;
  if (!reader.u8(hash) || !reader.view(3, mark) || as_text(mark) != "GNU" || !reader.u8(mode)) return false;
  if (mode != 1 && mode != 2) return false;
  out.part = mode == 1 ? SecretPart::absent : SecretPart::on_card;
  return true;
}

bool read_argon2(ByteReader& reader, json& encryption) {
  std::uint8_t passes = 0, lanes = 0, memory = 0;
  if (!reader.skip(16) || !reader.u8(passes) || !reader.u8(lanes) || !reader.u8(memory)) return false;
  encryption["kdf"] = "Argon2id";
  encryption["argon2_passes"] = passes;
  encryption["argon2_lanes"] = lanes;
  encryption["argon2_memory_kib_log2"] = memory;
  return true;
}

bool read_specifier(ByteReader& reader, Protection& out) {
  std::uint8_t specifier = 0, hash = 0, count = 0;
  if (!reader.u8(specifier)) return false;
  if (specifier == kGnu) return read_gnu(reader, out);
  if (specifier == kArgon2) return read_argon2(reader, out.encryption);
  if (!reader.u8(hash)) return false;
  out.encryption["hash"] = hash_name(hash);
  if (specifier == kSimple) {
    out.encryption["kdf"] = "S2K simple";
    return true;
  }
  if (!reader.skip(8)) return false;
  out.encryption["kdf"] = specifier == kSalted ? "S2K salted" : "S2K iterated and salted";
  if (specifier == kSalted) return true;
  if (specifier != kIterated || !reader.u8(count)) return false;
  out.encryption["count_bytes"] = (16u + (count & 15u)) << ((count >> 4) + 6);
  return true;
}

/// A usage octet that names the cipher itself: the key is one MD5 of the passphrase (RFC 9580, 3.7.2.1, LegacyCFB).
bool read_legacy(ByteReader& reader, unsigned cipher, json& encryption) {
  encryption["cipher"] = cipher_name(cipher);
  encryption["kdf"] = "S2K simple";
  encryption["hash"] = "MD5";
  encryption["integrity"] = "sum of 16 bits";
  return block_bytes(cipher) != 0 && reader.skip(block_bytes(cipher));
}

bool read_parameters(ByteReader& reader, unsigned usage, unsigned version, Protection& out) {
  std::uint8_t cipher = 0, aead = 0, ignored = 0;
  if (!reader.u8(cipher)) return false;
  out.encryption["cipher"] = cipher_name(cipher);
  if (usage == kAead && !reader.u8(aead)) return false;
  if (version == 6 && !reader.u8(ignored)) return false;  // the specifier's length, which is redundant
  if (!read_specifier(reader, out)) return false;
  if (out.part != SecretPart::encrypted) return true;
  out.encryption["integrity"] = usage == kAead ? aead_name(aead) : usage == kSha1Check ? "SHA-1" : "sum of 16 bits";
  const std::size_t start = usage == kAead ? nonce_bytes(aead) : block_bytes(cipher);
  // The end of an unknown cipher's IV is unknown; nothing after it is read.
  return reader.skip(start);
}

}  // namespace

std::string cipher_name(unsigned algorithm) {
  constexpr std::array kNames{"",        "IDEA",    "3DES",         "CAST5",        "Blowfish",    "", "", "AES-128", "AES-192",
                              "AES-256", "Twofish", "Camellia-128", "Camellia-192", "Camellia-256"};
  const bool named = algorithm < kNames.size() && kNames[algorithm][0] != '\0';
  return named ? kNames[algorithm] : "cipher " + std::to_string(algorithm);
}

std::string hash_name(unsigned algorithm) {
  constexpr std::array kNames{"",        "MD5",     "SHA-1",   "RIPEMD-160", "",         "", "",        "",
                              "SHA-256", "SHA-384", "SHA-512", "SHA-224",    "SHA3-256", "", "SHA3-512"};
  const bool named = algorithm < kNames.size() && kNames[algorithm][0] != '\0';
  return named ? kNames[algorithm] : "hash " + std::to_string(algorithm);
}

bool read_protection(ByteReader& reader, unsigned key_version, Protection& out) {
  std::uint8_t usage = 0, ignored = 0;
  if (!reader.u8(usage)) return false;
  // Version 5 always counts what follows, version 6 only if something does.
  if ((key_version == 5 || (key_version == 6 && usage != kClear)) && !reader.u8(ignored)) return false;
  if (usage == kClear) return key_version != 5 || reader.skip(4);
  out.part = SecretPart::encrypted;
  out.encryption = json{{"scheme", "OpenPGP"}};
  const bool read = usage >= kAead ? read_parameters(reader, usage, key_version, out) : read_legacy(reader, usage, out.encryption);
  if (out.part != SecretPart::encrypted) out.encryption = nullptr;
  return read;
}

std::vector<std::string> protection_weaknesses(const json& encryption) {
  std::vector<std::string> codes;
  if (!encryption.is_object()) return codes;
  if (text_of(encryption, "cipher") == "3DES") codes.emplace_back("3des");
  // A salt and a passphrase of a dozen characters, a thousand times: RFC 8018's own minimum.
  constexpr std::uint64_t kCountBytesMin = 20'000;
  const std::string kdf = text_of(encryption, "kdf");
  const bool once = kdf == "S2K simple" || kdf == "S2K salted";
  const auto count = encryption.find("count_bytes");
  if (once || (count != encryption.end() && count->is_number_unsigned() && count->get<std::uint64_t>() < kCountBytesMin))
    codes.emplace_back("few-iterations");
  if (text_of(encryption, "hash") == "MD5") codes.emplace_back("md5");
  if (text_of(encryption, "integrity") == "sum of 16 bits") codes.emplace_back("no-integrity");
  return codes;
}

}  // namespace landwaiter::detectors::openpgp
