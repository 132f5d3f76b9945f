// SPDX-License-Identifier: Apache-2.0
// RFC 7292 (PKCS #12), RFC 5652 (the CMS types it is made of), RFC 9579 (PBMAC1).
#include "detectors/pkcs12.hpp"

#include "core/limits.hpp"
#include "core/text.hpp"
#include "detectors/ber.hpp"
#include "detectors/der.hpp"
#include "detectors/password_encryption.hpp"
#include "detectors/public_key.hpp"
#include "detectors/x509_text.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::string_view kData = "1.2.840.113549.1.7.1", kSigned = "1.2.840.113549.1.7.2", kEncrypted = "1.2.840.113549.1.7.6";
constexpr std::string_view kBagArc = "1.2.840.113549.1.12.10.1.";
constexpr std::string_view kX509Bag = "1.2.840.113549.1.9.22.1";
constexpr std::string_view kFriendlyName = "1.2.840.113549.1.9.20", kLocalKeyId = "1.2.840.113549.1.9.21";
constexpr std::string_view kPbmac1 = "1.2.840.113549.1.5.14";
constexpr std::size_t kBagDepthMax = 4;
constexpr std::size_t kBagsMax = 10'000;

Error malformed() { return Error(ErrorCode::malformed, "not a PKCS #12 keystore"); }

struct Bag {
  KeystoreEntry entry;
  std::string key_id;  ///< hexadecimal; binds a key to its certificate
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

class Pkcs12Reader {
 public:
  explicit Pkcs12Reader(Keystore& out) : out_(out) {}

  bool read(ByteView pfx) {
    der::Reader reader(pfx);
    unsigned version = 0;
    ByteView safe;
    ContentInfo info;
    if (!reader.small_integer(version) || version != 3 || !reader.next(der::kSequence, safe) || !read_content_info(safe, info)) return false;
    if (info.type != kData && info.type != kSigned) return false;
    out_.version = version;
    if (info.type == kSigned) out_.integrity = json{{"algorithm", "signature"}};
    else if (!reader.empty() && !read_mac(reader)) return false;
    if (info.type == kData && !read_safes(info.content)) return false;
    join();
    return true;
  }

 private:
  /// MacData, RFC 7292 appendix A: DigestInfo, salt, iterations.
  bool read_mac(der::Reader& reader) {
    ByteView mac, digest_info, algorithm, oid, salt, iterations;
    if (!reader.next(der::kSequence, mac)) return false;
    der::Reader fields(mac);
    if (!fields.next(der::kSequence, digest_info) || !fields.next(der::kOctetString, salt)) return false;
    std::uint64_t count = 1;
    if (fields.unsigned_integer(iterations)) {
      count = 0;
      for (const std::uint8_t byte : iterations.first(std::min<std::size_t>(iterations.size(), 7))) count = (count << 8U) | byte;
    }
    der::Reader digest(digest_info);
    if (!digest.next(der::kSequence, algorithm) || !der::Reader(algorithm).next(der::kOid, oid)) return false;
    const bool pbmac1 = der::oid_text(oid) == kPbmac1;
    out_.integrity = json{{"algorithm", pbmac1 ? "PBMAC1" : "HMAC with " + oid_name(oid)}, {"iterations", count}};
    constexpr std::uint64_t kIterationsMin = 1000;
    if (!pbmac1 && count < kIterationsMin) add_weakness("few-iterations");
    return true;
  }

  /// AuthenticatedSafe: an OCTET STRING that holds a SEQUENCE of ContentInfo.
  bool read_safes(ByteView content) {
    const auto octets = der::only_content(content, der::kOctetString);
    const auto safes = octets ? der::only_content(*octets, der::kSequence) : std::nullopt;
    if (!safes) return false;
    der::Reader reader(*safes);
    ByteView safe;
    while (reader.next(der::kSequence, safe)) {
      ContentInfo info;
      if (!read_content_info(safe, info)) return false;
      if (info.type == kData) read_data(info.content);
      else if (info.type == kEncrypted) read_encrypted(info.content);
      else out_.problem = "a part of it is encrypted for a recipient's key";
    }
    return reader.empty();
  }

  void read_data(ByteView content) {
    const auto octets = der::only_content(content, der::kOctetString);
    if (!octets || !read_bags(*octets, 0)) out_.problem = "a part of it cannot be read";
  }

  /// EncryptedData: version, EncryptedContentInfo { type, algorithm, [0] }.
  void read_encrypted(ByteView content) {
    const auto fields = der::only_content(content, der::kSequence);
    der::Reader reader(fields.value_or(ByteView()));
    unsigned version = 0;
    ByteView info, type;
    der::Element algorithm;
    if (!reader.small_integer(version) || !reader.next(der::kSequence, info)) return;
    der::Reader inner(info);
    if (!inner.next(der::kOid, type) || !inner.next(der::kSequence, algorithm)) return;
    const json encryption = describe_password_encryption(algorithm.whole);
    if (out_.encryption.is_null()) out_.encryption = encryption;
    note(encryption);
  }

  bool read_bags(ByteView contents, std::size_t depth) {
    const auto bags = der::only_content(contents, der::kSequence);
    if (!bags || depth > kBagDepthMax) return false;
    der::Reader reader(*bags);
    ByteView bag;
    while (reader.next(der::kSequence, bag)) {
      if (bags_.size() >= kBagsMax || !read_bag(bag, depth)) return false;
    }
    return reader.empty();
  }

  bool read_bag(ByteView fields, std::size_t depth) {
    der::Reader reader(fields);
    ByteView oid, value, attributes;
    if (!reader.next(der::kOid, oid) || !reader.next(der::kContext0, value)) return false;
    const std::string type = der::oid_text(oid);
    if (!type.starts_with(kBagArc)) return true;
    const std::string kind = type.substr(kBagArc.size());
    if (kind == "6") return read_bags(value, depth + 1);
    Bag bag;
    if (kind == "1") read_clear_key(bag);
    else if (kind == "2") read_shrouded_key(value, bag);
    else if (kind == "5") bag.entry.kind = "secret-key";
    else if (kind != "3" || !read_certificate(value, bag)) return true;
    if (reader.next(der::kSet, attributes)) read_attributes(attributes, bag);
    bags_.push_back(std::move(bag));
    return true;
  }

  void read_clear_key(Bag& bag) {
    bag.entry.kind = "private-key";
    add_weakness("unencrypted-key");
  }

  void read_shrouded_key(ByteView value, Bag& bag) {
    bag.entry.kind = "private-key";
    der::Reader reader(der::only_content(value, der::kSequence).value_or(ByteView()));
    der::Element algorithm;
    if (reader.next(der::kSequence, algorithm)) bag.entry.encryption = describe_password_encryption(algorithm.whole);
    note(bag.entry.encryption);
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
      der::Element value;
      if (!der::Reader(values).next(value)) continue;
      const std::string type = der::oid_text(oid);
      if (type == kFriendlyName) bag.entry.alias = attribute_text(bmp_text(value.content));
      if (type == kLocalKeyId) bag.key_id = attribute_text(as_text(value.content));
    }
  }

  /// A certificate with a key's id belongs to that key and is no entry of its own.
  void join() {
    for (Bag& key : bags_) {
      if (key.entry.kind != "private-key" || key.key_id.empty()) continue;
      for (Bag& other : bags_) {
        if (other.entry.kind != "certificate" || other.key_id != key.key_id) continue;
        std::ranges::move(other.entry.certificates, std::back_inserter(key.entry.certificates));
        other.entry.kind.clear();
      }
    }
    for (Bag& bag : bags_) {
      if (!bag.entry.kind.empty()) out_.entries.push_back(std::move(bag.entry));
    }
  }

  void note(const json& encryption) {
    for (const std::string& weakness : encryption_weaknesses(encryption)) add_weakness(weakness);
  }

  void add_weakness(const std::string& weakness) {
    if (std::ranges::find(out_.weaknesses, weakness) == out_.weaknesses.end()) out_.weaknesses.push_back(weakness);
  }

  Keystore& out_;
  std::vector<Bag> bags_;
};

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

/// ObjectStore ::= SEQUENCE { storeData SEQUENCE { algorithm, OCTET STRING }, integrityCheck SEQUENCE { mac, kdf, OCTET STRING } }.
Result<Keystore> read_bcfks(ByteView bytes) {
  const Error no(ErrorCode::malformed, "not a BCFKS keystore");
  const auto element = der::whole_element(bytes);
  const auto fields = element ? der::only_content(*element, der::kSequence) : std::nullopt;
  if (!fields || !der::well_formed(*element, limits::der_depth_max)) return no;
  der::Reader reader(*fields);
  ByteView data, check, ciphertext, mac, oid;
  der::Element algorithm;
  if (!reader.next(der::kSequence, data) || !reader.next(der::kSequence, check) || !reader.empty()) return no;
  der::Reader store(data);
  if (!store.next(der::kSequence, algorithm) || !store.next(der::kOctetString, ciphertext) || !store.empty()) return no;
  Keystore out;
  out.type = "BCFKS";
  out.encryption = describe_password_encryption(algorithm.whole);
  der::Reader integrity(check);
  if (out.encryption.is_null() || !integrity.next(der::kSequence, mac) || !der::Reader(mac).next(der::kOid, oid)) return no;
  out.integrity = json{{"algorithm", oid_name(oid)}};
  out.weaknesses = encryption_weaknesses(out.encryption);
  out.whole = *element;
  return out;
}

}  // namespace landwaiter::detectors
