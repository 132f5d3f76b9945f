// SPDX-License-Identifier: Apache-2.0
// RFC 7292 (PKCS #12), RFC 5652 (the CMS types it is made of), RFC 9579 (PBMAC1).
#include "detectors/keystores/pkcs12.hpp"

#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "detectors/formats/ber.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/password_encryption.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/keystores/pkcs12_bags.hpp"
#include "detectors/passwords/password_crypto.hpp"

#include <algorithm>
#include <memory>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::string_view kData = "1.2.840.113549.1.7.1", kSigned = "1.2.840.113549.1.7.2", kEncrypted = "1.2.840.113549.1.7.6";
constexpr std::string_view kPbmac1 = "1.2.840.113549.1.5.14";
/// RFC 8018 considers smaller counts too small.
constexpr std::uint64_t kIterationsMin = 1000;

Error malformed() { return Error(ErrorCode::malformed, "not a PKCS #12 keystore"); }

struct ContentInfo {
  std::string type;
  ByteView content;  ///< content of [0]
};

bool read_content_info(ByteView fields, ContentInfo& out) {
  der::Reader reader(fields);
  ByteView oid;
  if (!reader.next(der::kOid, oid)) return false;
  out.type = der::oid_text(oid);
  return !reader.next_is(der::kContext0) || reader.next(der::kContext0, out.content);
}

/// The next INTEGER, saturated at the largest number.
std::optional<std::uint64_t> next_count(der::Reader& reader) {
  ByteView magnitude;
  if (!reader.unsigned_integer(magnitude)) return std::nullopt;
  if (magnitude.size() > 8) return UINT64_MAX;
  std::uint64_t count = 0;
  for (const std::uint8_t byte : magnitude) count = (count << 8U) | byte;
  return count;
}

/// The element at the front as DER: unchanged, or rewritten into `storage`.
std::optional<ByteView> as_der(ByteView bytes, Bytes& storage, std::size_t& size) {
  if (const auto element = der::whole_element(bytes); element && der::well_formed(*element, limits::der_depth_max)) {
    size = element->size();
    return *element;
  }
  auto normal = der_from_ber(bytes);
  if (!normal) return std::nullopt;
  storage = std::move(normal->der);
  size = normal->size;
  return ByteView(storage);
}

/// The bags of one store: first the unencrypted ones, then those that passwords open.
struct Contents {
  std::vector<Pkcs12Bag> bags;
  std::vector<Lock> sealed;  ///< SafeContents under a password
};

/// The MAC of RFC 7292 or RFC 9579, for trying passwords.
struct Mac {
  ByteView algorithm_fields;  ///< OID and parameters
  ByteView digest, salt;
  std::uint64_t iterations = 1;
};

/// OpenSSL's short name of the hash in a DigestAlgorithm or an HMAC: "SHA256" for sha256 and hmacWithSHA256.
std::string hash_of(ByteView oid) {
  const std::string name = oid_name(oid);
  constexpr std::string_view kHmac = "hmacWith";
  std::string hash = name.starts_with(kHmac) ? name.substr(kHmac.size()) : name;
  std::ranges::transform(hash, hash.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return hash;
}

Lock hash_mac_lock(const Mac& mac, const std::string& hash, ByteView content) {
  const std::uint64_t iterations = std::min<std::uint64_t>(mac.iterations, UINT32_MAX);
  return {.rounds = pkcs12_rounds(hash, iterations, mac.digest.size()) + hashing_rounds(mac.salt.size() + content.size()),
          .open = [=](const Password& password) -> std::optional<WipedBytes> {
            const WipedBytes text = bmp_string(password);
            const auto key = pkcs12_key(hash, text.view(), mac.salt, mac.iterations, 3, mac.digest.size());
            if (!key || !same_digest(hmac(hash, key->view(), content), mac.digest)) return std::nullopt;
            return WipedBytes();
          }};
}

/// PBMAC1-params ::= SEQUENCE { keyDerivationFunc, messageAuthScheme }; the derivation must give the key length.
Lock pbmac1_lock(ByteView parameters, ByteView digest, ByteView content, json& integrity) {
  der::Reader reader(der::only_content(parameters, der::kSequence).value_or(ByteView()));
  ByteView kdf, mac, kdf_oid, mac_oid, fields, salt, prf, prf_oid;
  if (!reader.next(der::kSequence, kdf) || !reader.next(der::kSequence, mac) || !der::Reader(mac).next(der::kOid, mac_oid)) return {};
  der::Reader derivation(kdf);
  if (!derivation.next(der::kOid, kdf_oid) || der::oid_text(kdf_oid) != kPbkdf2 || !derivation.next(der::kSequence, fields)) return {};
  der::Reader inner(fields);
  if (!inner.next(der::kOctetString, salt)) return {};
  const auto iterations = next_count(inner), size = next_count(inner);
  std::string prf_hash = "SHA1";
  if (inner.next(der::kSequence, prf) && der::Reader(prf).next(der::kOid, prf_oid)) prf_hash = hash_of(prf_oid);
  integrity["mac"] = oid_name(mac_oid);
  integrity["iterations"] = iterations ? json(*iterations) : json(nullptr);
  constexpr std::uint64_t kKeyBytesMax = 64;
  if (!iterations || *iterations > INT32_MAX || !size || *size > kKeyBytesMax) return {};
  const std::string hash = hash_of(mac_oid);
  const std::uint64_t rounds = pbkdf2_rounds(prf_hash, *iterations, static_cast<std::size_t>(*size));
  return {.rounds = rounds + hashing_rounds(4 * salt.size() + content.size()),
          .open = [=](const Password& password) -> std::optional<WipedBytes> {
            const auto key = pbkdf2(prf_hash, as_bytes(password.text), salt, *iterations, static_cast<std::size_t>(*size));
            if (!key || !same_digest(hmac(hash, key->view(), content), digest)) return std::nullopt;
            return WipedBytes();
          }};
}

class Pkcs12Reader {
 public:
  explicit Pkcs12Reader(Keystore& out) : out_(out), contents_(std::make_shared<Contents>()) {}

  bool read(ByteView pfx) {
    der::Reader reader(pfx);
    unsigned version = 0;
    ByteView safe;
    ContentInfo info;
    if (!reader.small_integer(version) || version != 3 || !reader.next(der::kSequence, safe) || !read_content_info(safe, info))
      return false;
    if (info.type != kData && info.type != kSigned) return false;
    out_.version = version;
    if (info.type == kSigned) return read_signed(info.content);
    const auto octets = der::only_content(info.content, der::kOctetString);
    if (!octets || !read_safes(*octets)) return false;
    if (!reader.empty() && !read_mac(reader, *octets)) return false;
    if (out_.integrity.is_null()) out_.add_weakness("no-integrity");
    if (!out_.lock) lock_by_content();
    finish();
    return true;
  }

 private:
  /// SignedData around the safes (RFC 7292, 4: public-key integrity mode): version, digest algorithms, ContentInfo.
  bool read_signed(ByteView content) {
    out_.integrity = json{{"algorithm", "signature"}, {"iterations", nullptr}};
    der::Reader reader(der::only_content(content, der::kSequence).value_or(ByteView()));
    unsigned version = 0;
    ByteView digests, inner;
    ContentInfo info;
    if (!reader.small_integer(version) || !reader.next(der::kSet, digests) || !reader.next(der::kSequence, inner)) return false;
    if (!read_content_info(inner, info) || info.type != kData) return false;
    const auto octets = der::only_content(info.content, der::kOctetString);
    if (!octets || !read_safes(*octets)) return false;
    lock_by_content();
    finish();
    return true;
  }

  /// MacData, RFC 7292 appendix A: DigestInfo, salt, iterations.
  bool read_mac(der::Reader& reader, ByteView content) {
    ByteView fields, digest_info, algorithm, oid;
    if (!reader.next(der::kSequence, fields)) return false;
    Mac mac;
    der::Reader inner(fields);
    if (!inner.next(der::kSequence, digest_info) || !inner.next(der::kOctetString, mac.salt)) return false;
    if (const auto count = next_count(inner)) mac.iterations = *count;
    der::Reader digest(digest_info);
    if (!digest.next(der::kSequence, algorithm) || !digest.next(der::kOctetString, mac.digest)) return false;
    der::Reader parts(algorithm);
    if (!parts.next(der::kOid, oid)) return false;
    if (der::oid_text(oid) == kPbmac1) {
      out_.integrity = json{{"algorithm", "PBMAC1"}, {"iterations", nullptr}};
      out_.lock = pbmac1_lock(parts.rest(), mac.digest, content, out_.integrity);
      return true;
    }
    out_.integrity = json{{"algorithm", "HMAC with " + oid_name(oid)}, {"iterations", mac.iterations}};
    out_.lock = hash_mac_lock(mac, hash_of(oid), content);
    if (mac.iterations < kIterationsMin) out_.add_weakness("few-iterations");
    return true;
  }

  /// AuthenticatedSafe: a SEQUENCE of ContentInfo.
  bool read_safes(ByteView content) {
    const auto safes = der::only_content(inner_der(content, out_), der::kSequence);
    if (!safes) return false;
    der::Reader reader(*safes);
    ByteView safe;
    while (reader.next(der::kSequence, safe)) {
      ContentInfo info;
      if (!read_content_info(safe, info)) return false;
      if (info.type == kData) read_data(info.content);
      else if (info.type == kEncrypted) read_encrypted(info.content);
      else read_unknown();
    }
    return reader.empty();
  }

  void read_unknown() {
    out_.problem = "a part of it is encrypted for a recipient's key";
    out_.listed = false;
  }

  void read_data(ByteView content) {
    const auto octets = der::only_content(content, der::kOctetString);
    if (!octets || !read_pkcs12_bags(*octets, out_, contents_->bags)) out_.problem = "a part of it cannot be read";
  }

  /// EncryptedData: version, EncryptedContentInfo { type, algorithm, [0] }.
  void read_encrypted(ByteView content) {
    out_.listed = false;
    const auto fields = der::only_content(content, der::kSequence);
    der::Reader reader(fields.value_or(ByteView()));
    unsigned version = 0;
    ByteView info, type, ciphertext;
    der::Element algorithm;
    if (!reader.small_integer(version) || !reader.next(der::kSequence, info)) return;
    der::Reader inner(info);
    if (!inner.next(der::kOid, type) || !inner.next(der::kSequence, algorithm)) return;
    const json encryption = describe_password_encryption(algorithm.whole);
    if (out_.encryption.is_null()) out_.encryption = encryption;
    out_.add_weaknesses_of(encryption);
    const bool there = inner.next(kImplicit0, ciphertext) || joined(inner, ciphertext);
    contents_->sealed.push_back(there ? encryption_lock(algorithm.whole, ciphertext) : Lock());
  }

  /// BER may also split an implicitly tagged OCTET STRING, whose tag does not give the type of the pieces.
  bool joined(der::Reader& reader, ByteView& out) {
    ByteView pieces, piece;
    if (!reader.next(der::kContext0, pieces)) return false;
    der::Reader each(pieces);
    Bytes whole;
    while (each.next(der::kOctetString, piece)) whole.insert(whole.end(), piece.begin(), piece.end());
    if (!each.empty()) return false;
    out_.opened.emplace_back(std::move(whole));
    out = out_.opened.back().view();
    return true;
  }

  /// Without a MAC, successful decryption shows that the password is right; a key's own lock is tried anyway.
  void lock_by_content() {
    if (!contents_->sealed.empty()) out_.lock = contents_->sealed.front();
  }

  void finish() {
    out_.entries = join_pkcs12_bags(contents_->bags);
    out_.list = [contents = contents_](Keystore& keystore, ByteView, const Password& password, Guesser& guesser) {
      bool all = !contents->sealed.empty() || keystore.listed;
      for (const Lock& part : contents->sealed) {
        auto opened = guesser.open(part, password);
        if (opened) keystore.opened.push_back(std::move(*opened));
        all = opened && read_pkcs12_bags(keystore.opened.back().view(), keystore, contents->bags) && all;
      }
      keystore.listed = all && keystore.problem.empty();
      keystore.entries = join_pkcs12_bags(contents->bags);
    };
  }

  static constexpr std::uint8_t kImplicit0 = 0x80;
  Keystore& out_;
  std::shared_ptr<Contents> contents_;
};

}  // namespace

Result<Keystore> read_pkcs12(ByteView bytes) {
  Keystore out;
  std::size_t size = 0;
  const auto element = as_der(bytes, out.storage, size);
  const auto fields = element ? der::only_content(*element, der::kSequence) : std::nullopt;
  if (!fields) return malformed();
  out.type = "PKCS12";
  if (!Pkcs12Reader(out).read(*fields)) return malformed();
  out.whole = bytes.first(size);
  return out;
}

}  // namespace landwaiter::detectors
