// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/password_encryption.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/private_key.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::string_view kPkcs5Arc = "1.2.840.113549.1.5.";
constexpr std::string_view kPkcs12Arc = "1.2.840.113549.1.12.1.";
/// Sun's key protector in JKS files, and its PBE in JCEKS files.
constexpr std::string_view kJksProtector = "1.3.6.1.4.1.42.2.17.1.1";
constexpr std::string_view kJceksProtector = "1.3.6.1.4.1.42.2.19.1";

/// A parsed AlgorithmIdentifier.
struct AlgorithmFields {
  ByteView oid;
  ByteView parameters;  ///< the element after the OID, may be empty
};

bool read_algorithm(der::Reader& reader, AlgorithmFields& out) {
  ByteView fields;
  if (!reader.next(der::kSequence, fields)) return false;
  der::Reader inner(fields);
  if (!inner.next(der::kOid, out.oid) || der::oid_text(out.oid).empty()) return false;
  out.parameters = inner.rest();
  return true;
}

/// The next INTEGER as a number; null if it is missing or unrealistically large.
json next_number_or_null(der::Reader& reader) {
  ByteView magnitude;
  if (!reader.unsigned_integer(magnitude) || magnitude.size() > 8) return nullptr;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : magnitude) value = value << 8 | byte;
  return value;
}

/// RFC 8018, A.2.
void read_pbkdf2(ByteView parameters, json& out) {
  const auto fields = der::only_content(parameters, der::kSequence);
  der::Reader reader(fields.value_or(ByteView()));
  der::Element salt;
  if (!reader.next(salt)) return;
  out["iterations"] = next_number_or_null(reader);
  if (reader.next_is(der::kInteger)) next_number_or_null(reader);
  AlgorithmFields prf;
  out["prf"] = read_algorithm(reader, prf) ? oid_name(prf.oid) : std::string("hmacWithSHA1");
}

/// RFC 7914, 7.
void read_scrypt(ByteView parameters, json& out) {
  const auto fields = der::only_content(parameters, der::kSequence);
  der::Reader reader(fields.value_or(ByteView()));
  ByteView salt;
  if (!reader.next(der::kOctetString, salt)) return;
  out["scrypt_n"] = next_number_or_null(reader);
  out["scrypt_r"] = next_number_or_null(reader);
  out["scrypt_p"] = next_number_or_null(reader);
}

void read_pbes2(ByteView parameters, json& out) {
  const auto fields = der::only_content(parameters, der::kSequence);
  der::Reader reader(fields.value_or(ByteView()));
  AlgorithmFields kdf, cipher;
  if (!read_algorithm(reader, kdf)) return;
  const std::string kdf_oid = der::oid_text(kdf.oid);
  out["kdf"] = oid_name(kdf.oid);
  if (kdf_oid == kPbkdf2) read_pbkdf2(kdf.parameters, out);
  if (kdf_oid == kScrypt) read_scrypt(kdf.parameters, out);
  if (read_algorithm(reader, cipher)) out["cipher"] = oid_name(cipher.oid);
}

/// SEQUENCE { salt, iterations } of PBES1 and PKCS #12.
void read_salt_and_count(ByteView parameters, json& out) {
  const auto fields = der::only_content(parameters, der::kSequence);
  der::Reader reader(fields.value_or(ByteView()));
  ByteView salt;
  if (reader.next(der::kOctetString, salt)) out["iterations"] = next_number_or_null(reader);
}

}  // namespace

json describe_password_encryption(ByteView algorithm) {
  der::Reader reader(algorithm);
  AlgorithmFields parts;
  if (!der::well_formed(algorithm, limits::der_depth_max) || !read_algorithm(reader, parts)) return nullptr;
  const std::string oid = der::oid_text(parts.oid);
  json out{{"scheme", oid_name(parts.oid)}, {"cipher", nullptr}};
  if (oid == kPbes2) {
    out["scheme"] = "PBES2";
    read_pbes2(parts.parameters, out);
  } else if (oid.starts_with(kPkcs5Arc)) {
    out["cipher"] = oid_name(parts.oid);
    out["kdf"] = "PBKDF1";
    read_salt_and_count(parts.parameters, out);
  } else if (oid.starts_with(kPkcs12Arc)) {
    out["cipher"] = oid_name(parts.oid);
    out["kdf"] = "PKCS12KDF";
    read_salt_and_count(parts.parameters, out);
  } else if (oid == kJksProtector) {
    out["scheme"] = "JKS key protector";
    out["cipher"] = "SHA-1 keystream";
  } else if (oid == kJceksProtector) {
    out["scheme"] = "JCEKS PBEWithMD5AndTripleDES";
    out["cipher"] = "des-ede3-cbc";
    read_salt_and_count(parts.parameters, out);
  }
  return out;
}

bool is_password_encryption(ByteView algorithm_oid) {
  const std::string oid = der::oid_text(algorithm_oid);
  constexpr std::array<std::string_view, 7> kPkcs5{"1", "3", "4", "6", "10", "11", "13"};
  if (oid.starts_with(kPkcs5Arc)) return std::ranges::find(kPkcs5, std::string_view(oid).substr(kPkcs5Arc.size())) != kPkcs5.end();
  if (oid.starts_with(kPkcs12Arc)) {
    const std::string_view last = std::string_view(oid).substr(kPkcs12Arc.size());
    return last.size() == 1 && last[0] >= '1' && last[0] <= '6';
  }
  return oid == kJksProtector || oid == kJceksProtector;
}

std::vector<std::string> encryption_weaknesses(const json& encryption) {
  std::vector<std::string> out;
  if (!encryption.is_object()) return out;
  const std::string cipher =
      encryption.contains("cipher") && encryption["cipher"].is_string() ? to_lower(encryption["cipher"].get<std::string>()) : "";
  const bool single_des = cipher.find("des-cbc") != std::string::npos && cipher.find("tripledes") == std::string::npos;
  const bool rc = cipher.find("rc2") != std::string::npos || cipher.find("rc4") != std::string::npos;
  if (single_des || rc || cipher.starts_with("sha-1")) out.emplace_back("weak-cipher");
  constexpr std::uint64_t kIterationsMin = 1000;
  const bool counted = encryption.contains("iterations") && encryption["iterations"].is_number_unsigned();
  if (counted && encryption["iterations"].get<std::uint64_t>() < kIterationsMin) out.emplace_back("few-iterations");
  return out;
}

Result<PrivateKey> read_encrypted_pkcs8(ByteView der) {
  const Error malformed(ErrorCode::malformed, "not an encrypted PKCS#8 private key");
  const auto fields = der::only_content(der, der::kSequence);
  if (!fields) return malformed;
  der::Reader reader(*fields);
  der::Element algorithm;
  ByteView ciphertext;
  if (!reader.next(der::kSequence, algorithm) || !reader.next(der::kOctetString, ciphertext) || !reader.empty()) return malformed;
  // The smallest key there is, Ed25519's, takes 48 bytes.
  constexpr std::size_t kCiphertextMin = 32;
  if (ciphertext.size() < kCiphertextMin) return malformed;
  PrivateKey key;
  key.encryption = describe_password_encryption(algorithm.whole);
  if (key.encryption.is_null()) return malformed;
  key.format = "PKCS#8 encrypted";
  key.encrypted = true;
  key.opaque = ciphertext;
  der::Reader inner(algorithm.content);
  ByteView oid;
  key.consistent = inner.next(der::kOid, oid) && is_password_encryption(oid);
  return key;
}

}  // namespace landwaiter::detectors
