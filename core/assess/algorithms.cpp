// SPDX-License-Identifier: Apache-2.0
#include "core/assess/algorithms.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <array>

namespace landwaiter {
namespace {

struct KeyType {
  std::string_view type;
  std::string_view primitive;
  std::string_view family;
  std::string_view oid;
  unsigned bits;  ///< of security, if there is only one size
  unsigned quantum_level;
  std::string_view curve_id;
};

/// RFC 3279, 4055, 5480, 8410, FIPS 203 and 204. A plain RSA or EC key does not say its scheme, so it has no family.
constexpr std::array kKeyTypes{
    KeyType{"RSA", "pke", "", "1.2.840.113549.1.1.1", 0, 0, ""},
    KeyType{"RSA-PSS", "signature", "RSASSA-PSS", "1.2.840.113549.1.1.10", 0, 0, ""},
    KeyType{"DSA", "signature", "DSA", "1.2.840.10040.4.1", 0, 0, ""},
    KeyType{"DH", "key-agree", "FFDH", "1.2.840.113549.1.3.1", 0, 0, ""},
    KeyType{"EC", "other", "", "1.2.840.10045.2.1", 0, 0, ""},
    KeyType{"Ed25519", "signature", "EdDSA", "1.3.101.112", 128, 0, "other/Ed25519"},
    KeyType{"Ed448", "signature", "EdDSA", "1.3.101.113", 224, 0, "other/Ed448"},
    KeyType{"X25519", "key-agree", "ECDH", "1.3.101.110", 128, 0, "other/Curve25519"},
    KeyType{"X448", "key-agree", "ECDH", "1.3.101.111", 224, 0, "other/Curve448"},
    KeyType{"ML-KEM-512", "kem", "ML-KEM", "2.16.840.1.101.3.4.4.1", 128, 1, ""},
    KeyType{"ML-KEM-768", "kem", "ML-KEM", "2.16.840.1.101.3.4.4.2", 192, 3, ""},
    KeyType{"ML-KEM-1024", "kem", "ML-KEM", "2.16.840.1.101.3.4.4.3", 256, 5, ""},
    KeyType{"ML-DSA-44", "signature", "ML-DSA", "2.16.840.1.101.3.4.3.17", 128, 2, ""},
    KeyType{"ML-DSA-65", "signature", "ML-DSA", "2.16.840.1.101.3.4.3.18", 192, 3, ""},
    KeyType{"ML-DSA-87", "signature", "ML-DSA", "2.16.840.1.101.3.4.3.19", 256, 5, ""},
};

struct Curve {
  std::string_view name;
  std::string_view id;
};

constexpr std::array kCurves{
    Curve{"prime256v1", "nist/P-256"},
    Curve{"prime192v1", "nist/P-192"},
    Curve{"secp224r1", "nist/P-224"},
    Curve{"secp384r1", "nist/P-384"},
    Curve{"secp521r1", "nist/P-521"},
    Curve{"secp256k1", "secg/secp256k1"},
    Curve{"secp192k1", "secg/secp192k1"},
    Curve{"secp224k1", "secg/secp224k1"},
    Curve{"secp160k1", "secg/secp160k1"},
    Curve{"secp160r1", "secg/secp160r1"},
    Curve{"secp160r2", "secg/secp160r2"},
    Curve{"secp112r1", "secg/secp112r1"},
    Curve{"secp112r2", "secg/secp112r2"},
    Curve{"secp128r1", "secg/secp128r1"},
    Curve{"secp128r2", "secg/secp128r2"},
    Curve{"sect163k1", "nist/K-163"},
    Curve{"sect163r2", "nist/B-163"},
    Curve{"sect233k1", "nist/K-233"},
    Curve{"sect233r1", "nist/B-233"},
    Curve{"sect283k1", "nist/K-283"},
    Curve{"sect283r1", "nist/B-283"},
    Curve{"sect409k1", "nist/K-409"},
    Curve{"sect409r1", "nist/B-409"},
    Curve{"sect571k1", "nist/K-571"},
    Curve{"sect571r1", "nist/B-571"},
    Curve{"brainpoolP160r1", "brainpool/brainpoolP160r1"},
    Curve{"brainpoolP192r1", "brainpool/brainpoolP192r1"},
    Curve{"brainpoolP224r1", "brainpool/brainpoolP224r1"},
    Curve{"brainpoolP256r1", "brainpool/brainpoolP256r1"},
    Curve{"brainpoolP320r1", "brainpool/brainpoolP320r1"},
    Curve{"brainpoolP384r1", "brainpool/brainpoolP384r1"},
    Curve{"brainpoolP512r1", "brainpool/brainpoolP512r1"},
    Curve{"SM2", "oscaa/SM2"},
};

std::string curve_id(std::string_view name) {
  const auto found = std::ranges::find(kCurves, name, &Curve::name);
  return found == kCurves.end() ? std::string() : std::string(found->id);
}

/// SP 800-57 part 1 revision 5, table 2.
unsigned finite_field_bits(std::uint64_t size) {
  if (size >= 15360) return 256;
  if (size >= 7680) return 192;
  if (size >= 3072) return 128;
  if (size >= 2048) return 112;
  return size >= 1024 ? 80 : 0;
}

bool is_oid(std::string_view text) {
  return text.find('.') != std::string_view::npos && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

struct Signature {
  std::string_view part;  ///< part of OpenSSL's name, in lower case; the first match counts
  std::string_view name;
  std::string_view family;
  std::string_view oid;  ///< if there is no hash
};

constexpr std::array kSignatures{
    Signature{"rsassapss", "RSASSA-PSS", "RSASSA-PSS", "1.2.840.113549.1.1.10"},
    Signature{"ecdsa", "ECDSA", "ECDSA", ""},
    Signature{"ed25519", "Ed25519", "EdDSA", "1.3.101.112"},
    Signature{"ed448", "Ed448", "EdDSA", "1.3.101.113"},
    Signature{"rsa", "RSA", "RSASSA-PKCS1", ""},
    Signature{"dsa", "DSA", "DSA", ""},
    Signature{"sm2", "SM2", "SM2", ""},
};

struct SignatureOid {
  std::string_view name;
  std::string_view oid;
};

constexpr std::array kSignatureOids{
    SignatureOid{"MD5withRSA", "1.2.840.113549.1.1.4"},      SignatureOid{"SHA1withRSA", "1.2.840.113549.1.1.5"},
    SignatureOid{"SHA224withRSA", "1.2.840.113549.1.1.14"},  SignatureOid{"SHA256withRSA", "1.2.840.113549.1.1.11"},
    SignatureOid{"SHA384withRSA", "1.2.840.113549.1.1.12"},  SignatureOid{"SHA512withRSA", "1.2.840.113549.1.1.13"},
    SignatureOid{"SHA1withECDSA", "1.2.840.10045.4.1"},      SignatureOid{"SHA224withECDSA", "1.2.840.10045.4.3.1"},
    SignatureOid{"SHA256withECDSA", "1.2.840.10045.4.3.2"},  SignatureOid{"SHA384withECDSA", "1.2.840.10045.4.3.3"},
    SignatureOid{"SHA512withECDSA", "1.2.840.10045.4.3.4"},  SignatureOid{"SHA1withDSA", "1.2.840.10040.4.3"},
    SignatureOid{"SHA224withDSA", "2.16.840.1.101.3.4.3.1"}, SignatureOid{"SHA256withDSA", "2.16.840.1.101.3.4.3.2"},
};

struct Jose {
  std::string_view prefix;
  std::string_view primitive;
  std::string_view family;
  bool quantum_broken;
};

/// RFC 7518, 3.1 and 4.1; RFC 8037.
constexpr std::array kJose{
    Jose{"HS", "mac", "HMAC", false},
    Jose{"RS", "signature", "RSASSA-PKCS1", true},
    Jose{"PS", "signature", "RSASSA-PSS", true},
    Jose{"ES", "signature", "ECDSA", true},
    Jose{"EdDSA", "signature", "EdDSA", true},
    Jose{"RSA1_5", "pke", "RSAES-PKCS1", true},
    Jose{"RSA-OAEP", "pke", "RSAES-OAEP", true},
    Jose{"ECDH-ES", "key-agree", "ECDH", true},
    Jose{"PBES2", "kdf", "PBES2", false},
};

}  // namespace

Algorithm key_algorithm(std::string_view type, std::uint64_t bits, std::string_view curve) {
  Algorithm out;
  out.name = type;
  out.primitive = "unknown";
  const auto known = std::ranges::find(kKeyTypes, type, &KeyType::type);
  if (known == kKeyTypes.end()) {
    if (is_oid(type)) out.oid = type;
    if (bits > 0) out.name += "-" + std::to_string(bits);
    return out;
  }
  out.primitive = known->primitive;
  out.family = known->family;
  out.oid = known->oid;
  out.quantum_level = known->quantum_level;
  out.curve_id = known->curve_id;
  if (known->bits > 0) {
    out.classical_bits = known->bits;
    return out;
  }
  if (type == "EC") {
    if (!curve.empty()) out.name += "-" + std::string(curve);
    out.curve = curve;
    out.curve_id = curve_id(curve);
    if (bits > 0) out.classical_bits = static_cast<unsigned>(std::min<std::uint64_t>(bits == 521 ? 256 : bits / 2, 256));
    return out;
  }
  if (bits == 0) return out;
  out.name += "-" + std::to_string(bits);
  out.parameter_set = std::to_string(bits);
  out.classical_bits = finite_field_bits(bits);
  return out;
}

Algorithm signature_algorithm(std::string_view name, std::string_view hash) {
  Algorithm out;
  out.name = name;
  out.primitive = "signature";
  if (is_oid(name)) out.oid = name;
  const std::string lower = to_lower(name);
  const auto known = std::ranges::find_if(kSignatures, [&](const Signature& each) { return lower.find(each.part) != std::string::npos; });
  if (known == kSignatures.end()) return out;
  out.family = known->family;
  out.oid = known->oid;
  out.quantum_level = 0;
  out.name = hash.empty() ? std::string(known->name) : std::string(hash) + "with" + std::string(known->name);
  if (known->family == "EdDSA") out.name = known->name;
  const auto oid = std::ranges::find(kSignatureOids, out.name, &SignatureOid::name);
  if (oid != kSignatureOids.end()) out.oid = oid->oid;
  return out;
}

Algorithm jose_algorithm(std::string_view name) {
  Algorithm out;
  out.name = name;
  out.primitive = "unknown";
  const auto known = std::ranges::find_if(kJose, [&](const Jose& each) { return name.starts_with(each.prefix); });
  if (known == kJose.end()) return out;
  out.primitive = known->primitive;
  out.family = known->family;
  if (known->quantum_broken) out.quantum_level = 0;
  return out;
}

}  // namespace landwaiter
