// SPDX-License-Identifier: Apache-2.0
// The ASN.1 of org.bouncycastle.asn1.bc (ObjectStore and its parts), and BcFKSKeyStoreSpi for key derivation.
#include "detectors/keystores/bcfks.hpp"

#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/password_encryption.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/keys/x509_text.hpp"
#include "detectors/passwords/password_crypto.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::string_view kAes256Ccm = "2.16.840.1.101.3.4.1.47", kAes256WrapPad = "2.16.840.1.101.3.4.1.48";

/// Types of ObjectData, by number.
enum ObjectType : unsigned {
  kCertificateObject = 0,
  kPrivateKeyObject = 1,
  kSecretKeyObject = 2,
  kProtectedPrivateKeyObject = 3,
  kProtectedSecretKeyObject = 4
};

struct NamedAlgorithm {
  std::string oid;
  ByteView parameters;  ///< a SEQUENCE's content
};

std::optional<NamedAlgorithm> read_algorithm(der::Reader& reader) {
  ByteView fields, oid, parameters;
  if (!reader.next(der::kSequence, fields)) return std::nullopt;
  der::Reader inner(fields);
  if (!inner.next(der::kOid, oid)) return std::nullopt;
  (void)inner.next(der::kSequence, parameters);
  return NamedAlgorithm{.oid = der::oid_text(oid), .parameters = parameters};
}

std::uint64_t next_number_or_zero(der::Reader& reader) {
  ByteView magnitude;
  if (!reader.unsigned_integer(magnitude) || magnitude.size() > 7) return 0;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : magnitude) value = value << 8U | byte;
  return value;
}

/// How a key is derived from a password; the same for all four purposes.
struct Derivation {
  ByteView salt;
  std::string hash;              ///< for PBKDF2; empty for scrypt
  std::uint64_t iterations = 0;  ///< or scrypt's N
  std::uint64_t block_size = 0;
  std::uint64_t key_bytes = 0;  ///< 0 if not given

  std::size_t size_of_key(std::size_t needed) const { return key_bytes != 0 ? static_cast<std::size_t>(key_bytes) : needed; }

  /// Of an attempt at a key of `needed` bytes.
  std::uint64_t rounds(std::size_t needed) const {
    return hash.empty() ? 8 * iterations * block_size * block_size
                        : pbkdf2_rounds(hash, iterations, size_of_key(needed)) + hashing_rounds(4 * salt.size());
  }

  /// Both passwords with two bytes per character and a final zero, one after the other.
  std::optional<WipedBytes> key(const Password& password, std::string_view purpose, std::size_t size) const {
    const WipedBytes text = bouncy_bmp_string(password), use = bouncy_bmp_string({purpose});
    Bytes joined(text.view().begin(), text.view().end());
    joined.insert(joined.end(), use.view().begin(), use.view().end());
    const WipedBytes both(std::move(joined));
    const std::size_t wanted = size_of_key(size);
    // Bouncy Castle also passes the block size as the parallelism.
    return hash.empty() ? scrypt(both.view(), salt, iterations, block_size, block_size, wanted)
                        : pbkdf2(hash, both.view(), salt, iterations, wanted);
  }
};

std::optional<Derivation> read_derivation(const NamedAlgorithm& algorithm) {
  der::Reader reader(algorithm.parameters);
  Derivation out;
  if (!reader.next(der::kOctetString, out.salt)) return std::nullopt;
  out.iterations = next_number_or_zero(reader);
  constexpr std::uint64_t kIterationsMax = UINT32_MAX, kBlockSizeMax = 256, kKeyBytesMax = 64;
  if (algorithm.oid == kScrypt) {
    out.block_size = next_number_or_zero(reader);
    (void)next_number_or_zero(reader);
  } else if (algorithm.oid != kPbkdf2) {
    return std::nullopt;
  }
  if (reader.next_is(der::kInteger)) out.key_bytes = next_number_or_zero(reader);
  if (algorithm.oid == kPbkdf2) {
    ByteView prf, oid;
    if (!reader.next(der::kSequence, prf) || !der::Reader(prf).next(der::kOid, oid)) return std::nullopt;
    const std::string name = oid_name(oid);
    constexpr std::string_view kHmac = "hmacWith";
    if (name.starts_with(kHmac)) out.hash = name.substr(kHmac.size());
    else if (name == "hmac-sha3-512") out.hash = "SHA3-512";
    else return std::nullopt;
  }
  const bool sane =
      out.iterations > 0 && out.iterations <= kIterationsMax && out.block_size <= kBlockSizeMax && out.key_bytes <= kKeyBytesMax;
  if (!sane || (out.hash.empty() && out.block_size == 0)) return std::nullopt;
  return out;
}

/// PBES2 as this format uses it: with AES-256 in CCM or its key wrap with padding.
Lock sealed_lock(ByteView algorithm_element, ByteView ciphertext, std::string_view purpose) {
  der::Reader outer(algorithm_element);
  const auto pbes2 = read_algorithm(outer);
  if (!pbes2 || pbes2->oid != kPbes2) return {};
  der::Reader schemes(pbes2->parameters);
  const auto kdf = read_algorithm(schemes), cipher = read_algorithm(schemes);
  const auto derivation = kdf ? read_derivation(*kdf) : std::nullopt;
  if (!derivation || !cipher || (cipher->oid != kAes256Ccm && cipher->oid != kAes256WrapPad)) return {};
  ByteView nonce;
  std::uint64_t tag_bytes = 12;
  der::Reader parameters(cipher->parameters);
  const bool ccm = cipher->oid == kAes256Ccm;
  if (ccm && !parameters.next(der::kOctetString, nonce)) return {};
  if (parameters.next_is(der::kInteger)) tag_bytes = next_number_or_zero(parameters);
  constexpr std::uint64_t kTagBytesMax = 16;
  if (tag_bytes < 4 || tag_bytes > kTagBytesMax) return {};
  constexpr std::size_t kKeyBytes = 32;
  const std::uint64_t opening = ccm ? aes_rounds(ciphertext.size()) : unwrapping_rounds(ciphertext.size());
  return {.rounds = derivation->rounds(kKeyBytes) + opening,
          .open = [=, derivation = *derivation](const Password& password) -> std::optional<WipedBytes> {
            const auto key = derivation.key(password, purpose, kKeyBytes);
            if (!key) return std::nullopt;
            return ccm ? decrypt_ccm(key->view(), nonce, static_cast<std::size_t>(tag_bytes), ciphertext)
                       : unwrap_padded(key->view(), ciphertext);
          }};
}

/// "20260131120000Z" and with a fraction, as RFC 3339.
std::string rfc3339(ByteView generalized) {
  const std::string_view t = as_text(generalized);
  constexpr std::size_t kDigits = 14;
  const bool digits = t.size() > kDigits && std::ranges::all_of(t.substr(0, kDigits), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || t.back() != 'Z') return {};
  const auto part = [&](std::size_t at, std::size_t size) { return std::string(t.substr(at, size)); };
  return part(0, 4) + '-' + part(4, 2) + '-' + part(6, 2) + 'T' + part(8, 2) + ':' + part(10, 2) + ':' + part(12, 2) + 'Z';
}

void describe_sealed(ByteView algorithm, ByteView ciphertext, std::string_view purpose, Keystore& keystore, KeystoreEntry& entry) {
  entry.encryption = describe_password_encryption(algorithm);
  keystore.add_weaknesses_of(entry.encryption);
  if (entry.kind == "private-key") entry.lock = sealed_lock(algorithm, ciphertext, purpose);
}

/// EncryptedPrivateKeyData: EncryptedPrivateKeyInfo, SEQUENCE OF Certificate.
void read_private_key(ByteView data, Keystore& keystore, KeystoreEntry& entry) {
  der::Reader fields(der::only_content(data, der::kSequence).value_or(ByteView()));
  ByteView info, chain, ciphertext;
  der::Element algorithm, certificate;
  if (!fields.next(der::kSequence, info) || !fields.next(der::kSequence, chain)) return;
  der::Reader key(info);
  if (key.next(der::kSequence, algorithm) && key.next(der::kOctetString, ciphertext)) {
    describe_sealed(algorithm.whole, ciphertext, "PRIVATE_KEY_ENCRYPTION", keystore, entry);
  }
  der::Reader certificates(chain);
  while (certificates.next(der::kSequence, certificate)) entry.certificates.push_back(certificate.whole);
  if (!entry.certificates.empty()) entry.key_id = certified_key_id(entry.certificates.front());
}

void read_secret_key(ByteView data, Keystore& keystore, KeystoreEntry& entry) {
  der::Reader fields(der::only_content(data, der::kSequence).value_or(ByteView()));
  der::Element algorithm;
  ByteView ciphertext;
  if (!fields.next(der::kSequence, algorithm) || !fields.next(der::kOctetString, ciphertext)) return;
  describe_sealed(algorithm.whole, ciphertext, "SECRET_KEY_ENCRYPTION", keystore, entry);
}

/// ObjectData: type, identifier, creation and modification date, data.
bool read_object(ByteView fields, Keystore& keystore) {
  constexpr std::uint8_t kUtf8 = 0x0c;
  der::Reader reader(fields);
  unsigned type = 0;
  ByteView name, created, modified, data;
  const bool read = reader.small_integer(type) && reader.next(kUtf8, name) && reader.next(der::kGeneralizedTime, created) &&
                    reader.next(der::kGeneralizedTime, modified) && reader.next(der::kOctetString, data);
  if (!read || !der::well_formed(data, limits::der_depth_max)) return false;
  KeystoreEntry entry;
  entry.alias = attribute_text(as_text(name));
  entry.created = rfc3339(created);
  entry.kind = type == kCertificateObject                                        ? "certificate"
               : type == kPrivateKeyObject || type == kProtectedPrivateKeyObject ? "private-key"
               : type == kSecretKeyObject || type == kProtectedSecretKeyObject   ? "secret-key"
                                                                                 : "unknown";
  if (type == kCertificateObject) entry.certificates.push_back(data);
  else if (type == kPrivateKeyObject) read_private_key(data, keystore, entry);
  else if (type == kSecretKeyObject) read_secret_key(data, keystore, entry);
  keystore.entries.push_back(std::move(entry));
  return true;
}

/// ObjectStoreData: version, algorithm of integrity, two dates, SEQUENCE OF ObjectData, comment.
bool list_objects(ByteView content, Keystore& keystore) {
  const auto fields = der::only_content(content, der::kSequence);
  if (!fields || !der::well_formed(content, limits::der_depth_max)) return false;
  der::Reader reader(*fields);
  unsigned version = 0;
  ByteView algorithm, created, modified, objects, object;
  const bool read = reader.small_integer(version) && reader.next(der::kSequence, algorithm) &&
                    reader.next(der::kGeneralizedTime, created) && reader.next(der::kGeneralizedTime, modified) &&
                    reader.next(der::kSequence, objects);
  if (!read) return false;
  keystore.version = version;
  der::Reader list(objects);
  while (list.next(der::kSequence, object)) {
    if (keystore.entries.size() >= kKeystoreEntriesMax || !read_object(object, keystore)) return false;
  }
  return list.empty();
}

/// SEQUENCE { mac, kdf, OCTET STRING }: an HMAC over the whole encrypted element.
Lock mac_lock(ByteView check, ByteView content, json& integrity) {
  der::Reader reader(check);
  ByteView mac, oid, digest;
  if (!reader.next(der::kSequence, mac) || !der::Reader(mac).next(der::kOid, oid)) return {};
  const std::string name = oid_name(oid);
  integrity = json{{"algorithm", name}, {"iterations", nullptr}};
  const auto kdf = read_algorithm(reader);
  const auto derivation = kdf ? read_derivation(*kdf) : std::nullopt;
  if (!derivation || !reader.next(der::kOctetString, digest)) return {};
  if (!derivation->hash.empty()) integrity["iterations"] = derivation->iterations;
  constexpr std::string_view kHmac = "hmacWith";
  const std::string hash = name.starts_with(kHmac) ? name.substr(kHmac.size()) : name == "hmac-sha3-512" ? "SHA3-512" : "";
  constexpr std::size_t kKeyBytes = 64;
  return {.rounds = derivation->rounds(kKeyBytes) + hashing_rounds(content.size()),
          .open = [=, derivation = *derivation](const Password& password) -> std::optional<WipedBytes> {
            const auto key = derivation.key(password, "INTEGRITY_CHECK", kKeyBytes);
            if (!key || !same_digest(hmac(hash, key->view(), content), digest)) return std::nullopt;
            return WipedBytes();
          }};
}

}  // namespace

Result<Keystore> read_bcfks(ByteView bytes) {
  const Error no(ErrorCode::malformed, "not a BCFKS keystore");
  const auto element = der::whole_element(bytes);
  const auto fields = element ? der::only_content(*element, der::kSequence) : std::nullopt;
  if (!fields || !der::well_formed(*element, limits::der_depth_max)) return no;
  der::Reader reader(*fields);
  ByteView check, ciphertext;
  der::Element data, algorithm;
  if (!reader.next(der::kSequence, data) || !reader.next(der::kSequence, check) || !reader.empty()) return no;
  der::Reader store(data.content);
  if (!store.next(der::kSequence, algorithm) || !store.next(der::kOctetString, ciphertext) || !store.empty()) return no;
  Keystore out;
  out.type = "BCFKS";
  out.encryption = describe_password_encryption(algorithm.whole);
  out.listed = false;
  out.lock = mac_lock(check, data.whole, out.integrity);
  if (out.encryption.is_null() || out.integrity.is_null()) return no;
  out.add_weaknesses_of(out.encryption);
  out.whole = *element;
  out.list = [lock = sealed_lock(algorithm.whole, ciphertext, "STORE_ENCRYPTION")](Keystore& keystore, ByteView, const Password& password,
                                                                                   Guesser& guesser) {
    auto opened = guesser.open(lock, password);
    if (!opened) return;
    keystore.opened.push_back(std::move(*opened));
    keystore.listed = list_objects(keystore.opened.back().view(), keystore);
  };
  return out;
}

}  // namespace landwaiter::detectors
