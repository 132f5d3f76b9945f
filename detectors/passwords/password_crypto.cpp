// SPDX-License-Identifier: Apache-2.0
#include "detectors/passwords/password_crypto.hpp"

#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "detectors/formats/ber.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/key_work.hpp"
#include "detectors/keys/password_encryption.hpp"

#include <nlohmann/json.hpp>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <climits>
#include <memory>
#include <stdexcept>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, OpensslFree<EVP_CIPHER_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, OpensslFree<EVP_CIPHER_free>>;
using Opened = std::optional<WipedBytes>;

/// No key or IV here is longer; HMAC-SHA-512's have 64.
constexpr std::size_t kDerivedBytesMax = 256;
constexpr std::string_view kJksOid = "1.3.6.1.4.1.42.2.17.1.1", kJceksOid = "1.3.6.1.4.1.42.2.19.1";

/// OpenSSL's algorithms including the legacy ones, separate from those of the rest of the program. Created once and never freed: loading
/// a provider takes milliseconds.
OSSL_LIB_CTX* old_algorithms() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    if (made != nullptr) {
      (void)OSSL_PROVIDER_load(made, "default");
      (void)OSSL_PROVIDER_load(made, "legacy");  // If it is missing, fetching a cipher fails.
    }
    ERR_clear_error();
    return made;
  }();
  return context;
}

Cipher cipher_named(const char* name) {
  Cipher cipher(EVP_CIPHER_fetch(old_algorithms(), name, nullptr));
  ERR_clear_error();
  return cipher;
}

const EVP_MD* hash_named(const std::string& name) { return EVP_get_digestbyname(name.c_str()); }

bool countable(std::uint64_t iterations, std::size_t size) {
  return iterations > 0 && iterations <= INT_MAX && size > 0 && size <= kDerivedBytesMax;
}

bool one_element(ByteView plain) {
  const auto element = der::whole_element(plain);
  if (element && element->size() == plain.size() && der::well_formed(plain, limits::der_depth_max)) return true;
  const auto normal = der_from_ber(plain);
  return normal && normal->size == plain.size();
}

std::uint64_t number_member(const json& description, const char* name) {
  const auto found = description.find(name);
  return found != description.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

/// What hashing a short text costs, with PKCS #12 and with PBKDF2, in rounds; see password_crypto.hpp.
struct HashRounds {
  std::uint64_t pkcs12, pbkdf2;
};

HashRounds rounds_of_hash(const EVP_MD* md) {
  switch (EVP_MD_get_type(md)) {
    case NID_sha1:
    case NID_sha224:
    case NID_sha256: return {1, 3};
    case NID_md5:
    case NID_sha384:
    case NID_sha512:
    case NID_sha512_224:
    case NID_sha512_256: return {2, 4};
    default: return {4, 8};
  }
}

/// Each part of the key that the hash fills is made alone.
std::uint64_t parts_of(std::size_t size, const EVP_MD* md) {
  const auto hash_bytes = static_cast<std::size_t>(EVP_MD_get_size(md));
  return (size + hash_bytes - 1) / hash_bytes;
}

/// OpenSSL's name of the hash in PBKDF2's pseudorandom function.
std::string hash_of_prf(const json& encryption) {
  const auto found = encryption.find("prf");
  std::string name = found != encryption.end() && found->is_string() ? found->get<std::string>() : "";
  constexpr std::string_view kHmac = "hmacWith";
  return name.starts_with(kHmac) ? name.substr(kHmac.size()) : name;
}

/// The cost of one attempt in rounds; 0 if the numbers are missing or too large.
std::uint64_t rounds_of(const json& encryption) {
  constexpr std::uint64_t kMax = std::uint64_t{1} << 32U;
  const std::uint64_t iterations = number_member(encryption, "iterations");
  const std::uint64_t n = number_member(encryption, "scrypt_n"), r = number_member(encryption, "scrypt_r"),
                      p = number_member(encryption, "scrypt_p");
  if (iterations > INT_MAX || n > kMax || r > 1024 || p > 1024) return 0;
  // scrypt's block of 128 r bytes is mixed twice, some two rounds of a hash for each 64.
  if (n > 0) return 8 * n * std::max<std::uint64_t>(r * p, 1);
  // PKCS #12 has two runs for a key and one for an IV.
  constexpr std::uint64_t kEach = 4;
  if (!encryption.contains("prf")) return kEach * iterations;
  constexpr std::size_t kKeyBytes = 32;
  constexpr std::uint64_t kUnknownHash = 16;
  const std::uint64_t rounds = pbkdf2_rounds(hash_of_prf(encryption), iterations, kKeyBytes);
  return rounds != 0 ? rounds : kUnknownHash * iterations;
}

Opened pbe_decrypt(const X509_ALGOR* algorithm, const Password& password, ByteView ciphertext) {
  unsigned char* plain = nullptr;
  int size = 0;
  const char* text = password.none ? nullptr : password.text.data();
  const int text_size = static_cast<int>(password.text.size());
  const bool decrypted = PKCS12_pbe_crypt_ex(algorithm, text, text_size, ciphertext.data(), static_cast<int>(ciphertext.size()), &plain,
                                             &size, 0, old_algorithms(), nullptr) != nullptr;
  ERR_clear_error();
  if (!decrypted) return std::nullopt;
  WipedBytes out(Bytes(plain, plain + size));
  OPENSSL_clear_free(plain, static_cast<std::size_t>(size));
  if (!one_element(out.view())) return std::nullopt;
  return out;
}

std::uint64_t cipher_rounds(const json& encryption, std::uint64_t bytes) {
  const auto found = encryption.find("cipher");
  const std::string name = found != encryption.end() && found->is_string() ? to_lower(found->get<std::string>()) : "";
  if (name.starts_with("aes")) return aes_rounds(bytes);
  const bool triple = name.find("des-ede") != std::string::npos || name.find("tripledes") != std::string::npos;
  const bool known = triple || name.find("rc2") != std::string::npos || name.find("rc4") != std::string::npos || name.ends_with("des-cbc");
  return known && !triple ? old_cipher_rounds(bytes) : triple_des_rounds(bytes);
}

/// One hash, many times: fetching it and making a context cost more than a short text.
class RepeatedHash {
 public:
  explicit RepeatedHash(const char* name) : hash_(EVP_MD_fetch(nullptr, name, nullptr)), context_(EVP_MD_CTX_new()) {
    if (!hash_ || !context_) throw std::runtime_error(std::string(name) + " is not available");
  }

  /// `out` has the hash's size; it may be one of the parts.
  void operator()(std::initializer_list<ByteView> parts, std::span<std::uint8_t> out) const {
    bool done = EVP_DigestInit_ex2(context_.get(), hash_.get(), nullptr) == 1;
    for (const ByteView part : parts) done = done && EVP_DigestUpdate(context_.get(), part.data(), part.size()) == 1;
    if (!done || EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) != 1) throw std::runtime_error("hashing failed");
  }

 private:
  std::unique_ptr<EVP_MD, OpensslFree<EVP_MD_free>> hash_;
  std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>> context_;
};

/// sun.security.provider.KeyProtector: a keystream of chained SHA-1 over password and salt, and a SHA-1 over password and key.
Opened open_jks_key(const Password& password, ByteView sealed) {
  const WipedBytes text = utf16_be(password);
  const ByteView salt = sealed.first(SHA_DIGEST_LENGTH), check = sealed.last(SHA_DIGEST_LENGTH);
  const ByteView ciphertext = sealed.subspan(SHA_DIGEST_LENGTH, sealed.size() - 2 * SHA_DIGEST_LENGTH);
  Bytes plain(ciphertext.begin(), ciphertext.end());
  Bytes stream(salt.begin(), salt.end());
  const RepeatedHash hash("SHA1");
  for (std::size_t at = 0; at < plain.size(); at += SHA_DIGEST_LENGTH) {
    hash({text.view(), stream}, stream);
    for (std::size_t i = 0; i < stream.size() && at + i < plain.size(); ++i) plain[at + i] ^= stream[i];
  }
  WipedBytes out(std::move(plain));
  const bool right = same_digest(sha1({text.view(), out.view()}), check);
  if (!right || !one_element(out.view())) return std::nullopt;
  return out;
}

/// com.sun.crypto.provider.PBES1Core for PBEWithMD5AndTripleDES: each half of the salt is hashed with the password, over and over.
Opened open_jceks_key(const Password& password, ByteView salt, std::uint64_t iterations, ByteView ciphertext) {
  constexpr std::size_t kHalf = 4, kKeyBytes = 24, kMd5Bytes = 16;
  const RepeatedHash hash("MD5");
  Bytes halves(salt.begin(), salt.end());
  if (std::equal(halves.begin(), halves.begin() + kHalf, halves.begin() + kHalf)) {
    // Meant to reverse the first half; this is what it actually does.
    for (std::size_t i = 0; i < 2; ++i) {
      const std::uint8_t kept = halves[i];
      halves[i] = halves[3 - i];
      halves[2] = kept;
    }
  }
  Bytes derived;
  for (std::size_t half = 0; half < 2; ++half) {
    Bytes hashed(halves.begin() + static_cast<std::ptrdiff_t>(half * kHalf),
                 halves.begin() + static_cast<std::ptrdiff_t>((half + 1) * kHalf));
    hashed.reserve(kMd5Bytes + password.text.size());
    for (std::uint64_t i = 0; i < iterations; ++i) {
      hashed.insert(hashed.end(), password.text.begin(), password.text.end());
      const ByteView salted(hashed);
      hashed.resize(std::max(hashed.size(), kMd5Bytes));
      hash({salted}, std::span(hashed).first(kMd5Bytes));
      hashed.resize(kMd5Bytes);
    }
    derived.insert(derived.end(), hashed.begin(), hashed.end());
  }
  const WipedBytes key(std::move(derived));
  auto plain = decrypt_cbc("DES-EDE3-CBC", key.view().first(kKeyBytes), key.view().subspan(kKeyBytes), ciphertext);
  if (!plain || !one_element(plain->view())) return std::nullopt;
  return plain;
}

Lock jceks_lock(ByteView parameters, std::uint64_t iterations, ByteView ciphertext) {
  constexpr std::size_t kSaltBytes = 8;
  ByteView salt;
  der::Reader reader(der::only_content(parameters, der::kSequence).value_or(ByteView()));
  if (!reader.next(der::kOctetString, salt) || salt.size() != kSaltBytes || iterations == 0 || iterations > INT_MAX) return {};
  return {.rounds = 2 * iterations + triple_des_rounds(ciphertext.size()),
          .open = [=](const Password& password) { return open_jceks_key(password, salt, iterations, ciphertext); }};
}

/// Whether OpenSSL has the cipher. A description has OpenSSL's long names, which identify the legacy ones.
bool available(const json& encryption) {
  const std::string cipher = encryption.value("cipher", json()).is_string() ? encryption["cipher"].get<std::string>() : "";
  if (cipher.find("RC2") != std::string::npos || cipher.find("rc2") != std::string::npos) return cipher_named("RC2-40-CBC") != nullptr;
  if (cipher.find("RC4") != std::string::npos || cipher.find("rc4") != std::string::npos) return cipher_named("RC4") != nullptr;
  if (cipher.ends_with("DES-CBC") && cipher.find("Triple") == std::string::npos) return cipher_named("DES-CBC") != nullptr;
  return true;
}

}  // namespace

std::optional<WipedBytes> pkcs12_key(const std::string& hash, ByteView password, ByteView salt, std::uint64_t iterations, int purpose,
                                     std::size_t size) {
  const EVP_MD* md = hash_named(hash);
  if (md == nullptr || !countable(iterations, size)) return std::nullopt;
  Bytes out(size);
  Bytes text(password.begin(), password.end()), salted(salt.begin(), salt.end());  // OpenSSL wants them writable.
  const int made = PKCS12_key_gen_uni(text.data(), static_cast<int>(text.size()), salted.data(), static_cast<int>(salted.size()), purpose,
                                      static_cast<int>(iterations), static_cast<int>(size), out.data(), md);
  OPENSSL_cleanse(text.data(), text.size());
  ERR_clear_error();
  if (made != 1) return std::nullopt;
  return WipedBytes(std::move(out));
}

std::optional<WipedBytes> pbkdf2(const std::string& hash, ByteView password, ByteView salt, std::uint64_t iterations, std::size_t size) {
  const EVP_MD* md = hash_named(hash);
  if (md == nullptr || !countable(iterations, size)) return std::nullopt;
  Bytes out(size);
  const int made = PKCS5_PBKDF2_HMAC(as_text(password).data(), static_cast<int>(password.size()), salt.data(),
                                     static_cast<int>(salt.size()), static_cast<int>(iterations), md, static_cast<int>(size), out.data());
  ERR_clear_error();
  if (made != 1) return std::nullopt;
  return WipedBytes(std::move(out));
}

std::uint64_t pkcs12_rounds(const std::string& hash, std::uint64_t iterations, std::size_t size) {
  const EVP_MD* md = hash_named(hash);
  return md == nullptr ? 0 : rounds_of_hash(md).pkcs12 * parts_of(size, md) * iterations;
}

std::uint64_t pbkdf2_rounds(const std::string& hash, std::uint64_t iterations, std::size_t size) {
  const EVP_MD* md = hash_named(hash);
  return md == nullptr ? 0 : rounds_of_hash(md).pbkdf2 * parts_of(size, md) * iterations;
}

std::optional<WipedBytes> scrypt(ByteView password, ByteView salt, std::uint64_t n, std::uint64_t r, std::uint64_t p, std::size_t size) {
  constexpr std::uint64_t kMemoryMax = 32 * limits::MiB;
  if (size == 0 || size > kDerivedBytesMax) return std::nullopt;
  Bytes out(size);
  const int made =
      EVP_PBE_scrypt(as_text(password).data(), password.size(), salt.data(), salt.size(), n, r, p, kMemoryMax, out.data(), size);
  ERR_clear_error();
  if (made != 1) return std::nullopt;
  return WipedBytes(std::move(out));
}

Bytes hmac(const std::string& hash, ByteView key, ByteView data) {
  const EVP_MD* md = hash_named(hash);
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  // A null key would mean the previous one.
  static constexpr std::uint8_t kNothing[1] = {0};
  const void* from = key.empty() ? kNothing : key.data();
  if (md == nullptr || HMAC(md, from, static_cast<int>(key.size()), data.data(), data.size(), out.data(), &size) == nullptr) size = 0;
  out.resize(size);
  return out;
}

Bytes sha1(std::initializer_list<ByteView> parts) {
  Bytes out(SHA_DIGEST_LENGTH);
  RepeatedHash("SHA1")(parts, out);
  return out;
}

bool same_digest(ByteView a, ByteView b) { return !a.empty() && a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

std::optional<WipedBytes> decrypt_cbc(const char* cipher, ByteView key, ByteView iv, ByteView ciphertext) {
  const Cipher kind = cipher_named(cipher);
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (!kind || !context || ciphertext.empty() || ciphertext.size() > limits::object_bytes_max) return std::nullopt;
  if (static_cast<int>(key.size()) != EVP_CIPHER_get_key_length(kind.get()) ||
      static_cast<int>(iv.size()) != EVP_CIPHER_get_iv_length(kind.get())) {
    return std::nullopt;
  }
  Bytes plain(ciphertext.size() + EVP_MAX_BLOCK_LENGTH);
  int size = 0, last = 0;
  const bool decrypted =
      EVP_DecryptInit_ex(context.get(), kind.get(), nullptr, key.data(), iv.data()) == 1 &&
      EVP_DecryptUpdate(context.get(), plain.data(), &size, ciphertext.data(), static_cast<int>(ciphertext.size())) == 1 &&
      EVP_DecryptFinal_ex(context.get(), plain.data() + size, &last) == 1;
  ERR_clear_error();
  if (!decrypted) {
    OPENSSL_cleanse(plain.data(), plain.size());
    return std::nullopt;
  }
  plain.resize(static_cast<std::size_t>(size + last));
  return WipedBytes(std::move(plain));
}

std::optional<WipedBytes> decrypt_ccm(ByteView key, ByteView nonce, std::size_t tag_bytes, ByteView ciphertext) {
  const EVP_CIPHER* kind = key.size() == 32 ? EVP_aes_256_ccm() : key.size() == 24 ? EVP_aes_192_ccm() : EVP_aes_128_ccm();
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (!context || key.size() % 8 != 0 || key.size() < 16 || key.size() > 32 || ciphertext.size() <= tag_bytes) return std::nullopt;
  if (ciphertext.size() > limits::object_bytes_max || nonce.size() < 7 || nonce.size() > 13) return std::nullopt;
  const ByteView text = ciphertext.first(ciphertext.size() - tag_bytes);
  Bytes tag(ciphertext.end() - static_cast<std::ptrdiff_t>(tag_bytes), ciphertext.end());
  Bytes plain(text.size());
  int size = 0;
  const bool decrypted = EVP_DecryptInit_ex(context.get(), kind, nullptr, nullptr, nullptr) == 1 &&
                         EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(nonce.size()), nullptr) == 1 &&
                         EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_bytes), tag.data()) == 1 &&
                         EVP_DecryptInit_ex(context.get(), nullptr, nullptr, key.data(), nonce.data()) == 1 &&
                         EVP_DecryptUpdate(context.get(), plain.data(), &size, text.data(), static_cast<int>(text.size())) == 1;
  ERR_clear_error();
  if (!decrypted) return std::nullopt;
  return WipedBytes(std::move(plain));
}

std::optional<WipedBytes> unwrap_padded(ByteView key, ByteView ciphertext) {
  const Cipher kind(EVP_CIPHER_fetch(nullptr, key.size() == 32 ? "AES-256-WRAP-PAD" : "AES-128-WRAP-PAD", nullptr));
  const CipherContext context(EVP_CIPHER_CTX_new());
  if (!kind || !context || (key.size() != 32 && key.size() != 16)) return std::nullopt;
  if (ciphertext.size() < 16 || ciphertext.size() > limits::object_bytes_max) return std::nullopt;
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  Bytes plain(ciphertext.size() + EVP_MAX_BLOCK_LENGTH);
  int size = 0;
  const bool decrypted = EVP_DecryptInit_ex(context.get(), kind.get(), nullptr, key.data(), nullptr) == 1 &&
                         EVP_DecryptUpdate(context.get(), plain.data(), &size, ciphertext.data(), static_cast<int>(ciphertext.size())) == 1;
  ERR_clear_error();
  if (!decrypted) return std::nullopt;
  plain.resize(static_cast<std::size_t>(size));
  return WipedBytes(std::move(plain));
}

Lock encryption_lock(ByteView algorithm, ByteView ciphertext) {
  ByteView oid;
  der::Reader reader(der::only_content(algorithm, der::kSequence).value_or(ByteView()));
  if (!reader.next(der::kOid, oid) || !is_password_encryption(oid) || ciphertext.size() > limits::object_bytes_max) return {};
  const std::string name = der::oid_text(oid);
  if (name == kJksOid) {
    if (ciphertext.size() <= 2 * SHA_DIGEST_LENGTH) return {};
    return {.rounds = 2 * (ciphertext.size() / SHA_DIGEST_LENGTH) + hashing_rounds(ciphertext.size()) + 2,
            .open = [=](const Password& password) { return open_jks_key(password, ciphertext); }};
  }
  if (!charge_work(key_work::objects(algorithm.size()))) return {};
  const json encryption = describe_password_encryption(algorithm);
  if (name == kJceksOid) return jceks_lock(reader.rest(), number_member(encryption, "iterations"), ciphertext);
  const std::uint64_t rounds = encryption.is_null() ? 0 : rounds_of(encryption);
  if (rounds == 0 || !available(encryption)) return {};
  const unsigned char* at = algorithm.data();
  const std::shared_ptr<X509_ALGOR> parsed(d2i_X509_ALGOR(nullptr, &at, static_cast<long>(algorithm.size())), X509_ALGOR_free);
  ERR_clear_error();
  if (!parsed) return {};
  // The salt is hashed for each part of the key and for the IV.
  return {.rounds = rounds + hashing_rounds(4 * algorithm.size()) + cipher_rounds(encryption, ciphertext.size()),
          .open = [=](const Password& password) { return pbe_decrypt(parsed.get(), password, ciphertext); }};
}

Lock encrypted_key_lock(ByteView der) {
  der::Reader reader(der::only_content(der, der::kSequence).value_or(ByteView()));
  der::Element algorithm;
  ByteView ciphertext;
  if (!reader.next(der::kSequence, algorithm) || !reader.next(der::kOctetString, ciphertext) || !reader.empty()) return {};
  return encryption_lock(algorithm.whole, ciphertext);
}

}  // namespace landwaiter::detectors
