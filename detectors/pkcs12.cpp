// SPDX-License-Identifier: Apache-2.0
// RFC 7292 (PKCS #12), RFC 5652 (the CMS types it is made of), RFC 9579 (PBMAC1).
#include "detectors/pkcs12.hpp"

#include "core/limits.hpp"
#include "core/text.hpp"
#include "detectors/ber.hpp"
#include "detectors/der.hpp"
#include "detectors/password_crypto.hpp"
#include "detectors/password_encryption.hpp"
#include "detectors/private_key.hpp"
#include "detectors/public_key.hpp"
#include "detectors/x509_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::string_view kData = "1.2.840.113549.1.7.1", kSigned = "1.2.840.113549.1.7.2", kEncrypted = "1.2.840.113549.1.7.6";
constexpr std::string_view kBagArc = "1.2.840.113549.1.12.10.1.";
constexpr std::string_view kX509Bag = "1.2.840.113549.1.9.22.1";
constexpr std::string_view kFriendlyName = "1.2.840.113549.1.9.20", kLocalKeyId = "1.2.840.113549.1.9.21";
/// Java's mark of a trusted certificate; without it, one that is in a key's chain is nothing else.
constexpr std::string_view kTrusted = "2.16.840.1.113894.746875.1.1";
constexpr std::string_view kPbkdf2 = "1.2.840.113549.1.5.12";
constexpr std::string_view kPbmac1 = "1.2.840.113549.1.5.14";
constexpr std::size_t kBagDepthMax = 4;
constexpr std::size_t kBagsMax = 10'000;
/// Certificates in one key's chain.
constexpr std::size_t kChainMax = 16;
/// Below it RFC 8018 finds a count too small.
constexpr std::uint64_t kIterationsMin = 1000;

Error malformed() { return Error(ErrorCode::malformed, "not a PKCS #12 keystore"); }

struct Bag {
  KeystoreEntry entry;
  std::string key_id;  ///< hexadecimal; binds a key to its certificate
  bool trusted = false;
};

struct ContentInfo {
  std::string type;
  ByteView content;  ///< what stands in [0]
};

bool read_content_info(ByteView fields, ContentInfo& out) {
  der::Reader reader(fields);
  ByteView oid;
  if (!reader.next(der::kOid, oid)) return false;
  out.type = der::oid_text(oid);
  return !reader.next_is(der::kContext0) || reader.next(der::kContext0, out.content);
}

/// BMPString (UTF-16, big-endian) as UTF-8; half a surrogate pair becomes U+FFFD.
std::string bmp_text(ByteView bytes) {
  std::string out;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    unsigned point = (static_cast<unsigned>(bytes[i]) << 8U) | bytes[i + 1];
    const bool high = point >= 0xd800 && point < 0xdc00 && i + 3 < bytes.size();
    const unsigned low = high ? (static_cast<unsigned>(bytes[i + 2]) << 8U) | bytes[i + 3] : 0;
    if (high && low >= 0xdc00 && low < 0xe000) {
      point = 0x10000U + ((point - 0xd800U) << 10U) + (low - 0xdc00U);
      i += 2;
    } else if (point >= 0xd800 && point < 0xe000) {
      point = 0xfffd;
    }
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xc0U | (point >> 6U));
      out += static_cast<char>(0x80U | (point & 0x3fU));
    } else {
      if (point < 0x10000) out += static_cast<char>(0xe0U | (point >> 12U));
      else out.append({static_cast<char>(0xf0U | (point >> 18U)), static_cast<char>(0x80U | ((point >> 12U) & 0x3fU))});
      out += static_cast<char>(0x80U | ((point >> 6U) & 0x3fU));
      out += static_cast<char>(0x80U | (point & 0x3fU));
    }
  }
  return out;
}

/// The next INTEGER; the largest number for one that is larger.
std::optional<std::uint64_t> next_count(der::Reader& reader) {
  ByteView magnitude;
  if (!reader.unsigned_integer(magnitude)) return std::nullopt;
  if (magnitude.size() > 8) return UINT64_MAX;
  std::uint64_t count = 0;
  for (const std::uint8_t byte : magnitude) count = (count << 8U) | byte;
  return count;
}

/// The element at the front as DER: as it stands, or written again into `storage`.
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

/// What fills an OCTET STRING, as DER; BER is written again into the keystore's own memory. The bytes as they are when it is neither.
ByteView inner_der(ByteView bytes, Keystore& keystore) {
  if (der::well_formed(bytes, limits::der_depth_max)) return bytes;
  auto normal = der_from_ber(bytes);
  if (!normal || normal->size != bytes.size()) return bytes;
  keystore.opened.emplace_back(std::move(normal->der));
  return keystore.opened.back().view();
}

/// The bags of one store, first those in the clear, then what passwords open.
struct Contents {
  std::vector<Bag> bags;
  std::vector<Lock> sealed;  ///< SafeContents under a password
};

class BagReader {
 public:
  BagReader(Keystore& out, std::vector<Bag>& bags) : out_(out), bags_(bags) {}

  bool read(ByteView contents, std::size_t depth = 0) {
    const auto bags = der::only_content(inner_der(contents, out_), der::kSequence);
    if (!bags || depth > kBagDepthMax) return false;
    der::Reader reader(*bags);
    ByteView bag;
    while (reader.next(der::kSequence, bag)) {
      if (bags_.size() >= kBagsMax || !read_bag(bag, depth)) return false;
    }
    return reader.empty();
  }

 private:
  bool read_bag(ByteView fields, std::size_t depth) {
    der::Reader reader(fields);
    ByteView oid, value, attributes;
    if (!reader.next(der::kOid, oid) || !reader.next(der::kContext0, value)) return false;
    const std::string type = der::oid_text(oid);
    if (!type.starts_with(kBagArc)) return true;
    const std::string kind = type.substr(kBagArc.size());
    if (kind == "6") return read(value, depth + 1);
    Bag bag;
    if (kind == "1") read_clear_key(value, bag);
    else if (kind == "2") read_shrouded_key(value, bag);
    else if (kind == "5") read_secret(value, bag);
    else if (kind != "3" || !read_certificate(value, bag)) return true;
    if (reader.next(der::kSet, attributes)) read_attributes(attributes, bag);
    bags_.push_back(std::move(bag));
    return true;
  }

  void read_clear_key(ByteView value, Bag& bag) {
    bag.entry.kind = "private-key";
    const auto key = read_pkcs8(value);
    if (key && !key->public_key.spki.empty()) bag.entry.key_id = key->public_key.id();
    out_.add_weakness("unencrypted-key");
  }

  void read_shrouded_key(ByteView value, Bag& bag) {
    bag.entry.kind = "private-key";
    der::Reader reader(der::only_content(value, der::kSequence).value_or(ByteView()));
    der::Element algorithm;
    if (reader.next(der::kSequence, algorithm)) bag.entry.encryption = describe_password_encryption(algorithm.whole);
    bag.entry.lock = encrypted_key_lock(value);
    out_.add_weaknesses_of(bag.entry.encryption);
  }

  /// SecretBag: a type and [0] what it is; Java puts an encrypted PKCS #8 into an OCTET STRING.
  void read_secret(ByteView value, Bag& bag) {
    bag.entry.kind = "secret-key";
    der::Reader reader(der::only_content(value, der::kSequence).value_or(ByteView()));
    ByteView oid, wrapped, octets, info;
    der::Element algorithm;
    if (!reader.next(der::kOid, oid) || !reader.next(der::kContext0, wrapped) || !der::Reader(wrapped).next(der::kOctetString, octets)) return;
    if (!der::Reader(octets).next(der::kSequence, info) || !der::Reader(info).next(der::kSequence, algorithm)) return;
    bag.entry.encryption = describe_password_encryption(algorithm.whole);
    out_.add_weaknesses_of(bag.entry.encryption);
  }

  static bool read_certificate(ByteView value, Bag& bag) {
    der::Reader reader(der::only_content(value, der::kSequence).value_or(ByteView()));
    ByteView oid, wrapped, certificate;
    if (!reader.next(der::kOid, oid) || der::oid_text(oid) != kX509Bag || !reader.next(der::kContext0, wrapped)) return false;
    if (!der::Reader(wrapped).next(der::kOctetString, certificate)) return false;
    bag.entry.kind = "certificate";
    bag.entry.certificates.push_back(certificate);
    return true;
  }

  static void read_attributes(ByteView attributes, Bag& bag) {
    der::Reader reader(attributes);
    ByteView attribute, oid, values;
    while (reader.next(der::kSequence, attribute)) {
      der::Reader fields(attribute);
      if (!fields.next(der::kOid, oid) || !fields.next(der::kSet, values)) continue;
      const std::string type = der::oid_text(oid);
      if (type == kTrusted) bag.trusted = true;
      der::Element value;
      if (!der::Reader(values).next(value)) continue;
      if (type == kFriendlyName) bag.entry.alias = attribute_text(bmp_text(value.content));
      if (type == kLocalKeyId) read_key_id(as_text(value.content), bag);
    }
  }

  /// Java's key ids are "Time " and the milliseconds at which the entry was made.
  static void read_key_id(std::string_view id, Bag& bag) {
    bag.key_id = attribute_text(id);
    constexpr std::string_view kTime = "Time ";
    std::uint64_t milliseconds = 0;
    if (!id.starts_with(kTime)) return;
    const char* const end = id.data() + id.size();
    const auto [stopped, error] = std::from_chars(id.data() + kTime.size(), end, milliseconds);
    if (error == std::errc() && stopped == end) bag.entry.created = java_date(milliseconds);
  }

  Keystore& out_;
  std::vector<Bag>& bags_;
};

/// Lists bags as entries: keys with their chains, and the certificates that are in none.
class Joiner {
 public:
  explicit Joiner(const std::vector<Bag>& bags) : bags_(bags), used_(bags.size()) {
    for (std::size_t i = 0; i < bags.size(); ++i) subjects_.push_back(bags[i].entry.kind == "certificate" ? certificate_fields(leaf(bags[i])) : CertificateFields());
  }

  std::vector<KeystoreEntry> run() {
    std::vector<KeystoreEntry> keys, entries;
    for (const Bag& bag : bags_) {
      if (bag.entry.kind == "private-key" || bag.entry.kind == "secret-key") keys.push_back(with_chain(bag));
    }
    std::size_t next_key = 0;
    for (std::size_t i = 0; i < bags_.size(); ++i) {
      if (bags_[i].entry.kind != "certificate") entries.push_back(std::move(keys[next_key++]));
      else if (!used_[i] || bags_[i].trusted) entries.push_back(bags_[i].entry);
    }
    return entries;
  }

 private:
  static ByteView leaf(const Bag& bag) { return bag.entry.certificates.front(); }

  KeystoreEntry with_chain(const Bag& key) {
    KeystoreEntry out = key.entry;
    if (key.key_id.empty()) return out;
    std::size_t at = 0;
    while (at < bags_.size() && (bags_[at].entry.kind != "certificate" || bags_[at].key_id != key.key_id)) ++at;
    while (at < bags_.size() && out.certificates.size() < kChainMax) {
      used_[at] = true;
      out.certificates.push_back(leaf(bags_[at]));
      at = issuer_of(at);
    }
    if (!out.certificates.empty() && out.key_id.empty()) out.key_id = certified_key_id(out.certificates.front());
    return out;
  }

  /// The bag of who issued this one, which is not the same.
  std::size_t issuer_of(std::size_t at) const {
    const CertificateFields& fields = subjects_[at];
    if (fields.issuer.empty() || std::ranges::equal(fields.issuer, fields.subject)) return bags_.size();
    for (std::size_t i = 0; i < subjects_.size(); ++i) {
      if (i != at && std::ranges::equal(subjects_[i].subject, fields.issuer)) return i;
    }
    return bags_.size();
  }

  const std::vector<Bag>& bags_;
  std::vector<bool> used_;
  std::vector<CertificateFields> subjects_;
};

/// The MAC of RFC 7292 or RFC 9579, to be tried.
struct Mac {
  ByteView algorithm_fields;  ///< OID and parameters
  ByteView digest, salt;
  std::uint64_t iterations = 1;
};

/// OpenSSL's short name of the hash that a DigestAlgorithm or an HMAC is about: "SHA256" of sha256 and of hmacWithSHA256.
std::string hash_of(ByteView oid) {
  const std::string name = oid_name(oid);
  constexpr std::string_view kHmac = "hmacWith";
  std::string hash = name.starts_with(kHmac) ? name.substr(kHmac.size()) : name;
  std::ranges::transform(hash, hash.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return hash;
}

Lock hash_mac_lock(const Mac& mac, const std::string& hash, ByteView content) {
  constexpr std::size_t kBytesPerRound = 64;
  return {.rounds = std::min<std::uint64_t>(mac.iterations, UINT32_MAX) + content.size() / kBytesPerRound,
          .open = [=](const Password& password) -> std::optional<pem::WipedBytes> {
            const pem::WipedBytes text = bmp_string(password);
            const auto key = pkcs12_key(hash, text.view(), mac.salt, mac.iterations, 3, mac.digest.size());
            if (!key || !same_digest(hmac(hash, key->view(), content), mac.digest)) return std::nullopt;
            return pem::WipedBytes();
          }};
}

/// PBMAC1-params ::= SEQUENCE { keyDerivationFunc, messageAuthScheme }; the derivation's length of the key must be given.
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
  return {.rounds = 4 * *iterations, .open = [=](const Password& password) -> std::optional<pem::WipedBytes> {
            const auto key = pbkdf2(prf_hash, as_bytes(password.text), salt, *iterations, static_cast<std::size_t>(*size));
            if (!key || !same_digest(hmac(hash, key->view(), content), digest)) return std::nullopt;
            return pem::WipedBytes();
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
    if (!reader.small_integer(version) || version != 3 || !reader.next(der::kSequence, safe) || !read_content_info(safe, info)) return false;
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
    if (!octets || !BagReader(out_, contents_->bags).read(*octets)) out_.problem = "a part of it cannot be read";
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

  /// BER may have cut an implicitly tagged OCTET STRING, too, where the tag does not tell what the pieces are.
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

  /// Without a MAC, that something decrypts shows that the password is right; a key's own lock is tried anyway.
  void lock_by_content() {
    if (!contents_->sealed.empty()) out_.lock = contents_->sealed.front();
  }

  void finish() {
    out_.entries = Joiner(contents_->bags).run();
    out_.list = [contents = contents_](Keystore& keystore, ByteView, const Password& password, Guesser& guesser) {
      bool all = !contents->sealed.empty() || keystore.listed;
      for (const Lock& part : contents->sealed) {
        auto opened = guesser.open(part, password);
        if (opened) keystore.opened.push_back(std::move(*opened));
        all = opened && BagReader(keystore, contents->bags).read(keystore.opened.back().view()) && all;
      }
      keystore.listed = all && keystore.problem.empty();
      keystore.entries = Joiner(contents->bags).run();
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
