// SPDX-License-Identifier: Apache-2.0
// RFC 7292, 4.2, and what Java adds to it.
#include "detectors/keystores/pkcs12_bags.hpp"

#include "core/base/limits.hpp"
#include "detectors/formats/ber.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/password_encryption.hpp"
#include "detectors/keys/private_key.hpp"
#include "detectors/keys/x509_text.hpp"
#include "detectors/passwords/password_crypto.hpp"

#include <algorithm>
#include <charconv>

namespace landwaiter::detectors {
namespace {

using Bag = Pkcs12Bag;

constexpr std::string_view kBagArc = "1.2.840.113549.1.12.10.1.";
constexpr std::string_view kX509Bag = "1.2.840.113549.1.9.22.1";
constexpr std::string_view kFriendlyName = "1.2.840.113549.1.9.20", kLocalKeyId = "1.2.840.113549.1.9.21";
/// Java's mark of a trusted certificate; without it, a certificate in a key's chain is only that.
constexpr std::string_view kTrusted = "2.16.840.1.113894.746875.1.1";
constexpr std::size_t kBagDepthMax = 4;
constexpr std::size_t kBagsMax = 10'000;
/// Certificates in one key's chain.
constexpr std::size_t kChainMax = 16;

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

  /// SecretBag: a type and its value in [0]; Java puts an encrypted PKCS #8 into an OCTET STRING.
  void read_secret(ByteView value, Bag& bag) {
    bag.entry.kind = "secret-key";
    der::Reader reader(der::only_content(value, der::kSequence).value_or(ByteView()));
    ByteView oid, wrapped, octets, info;
    der::Element algorithm;
    if (!reader.next(der::kOid, oid) || !reader.next(der::kContext0, wrapped) || !der::Reader(wrapped).next(der::kOctetString, octets))
      return;
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
    for (std::size_t i = 0; i < bags.size(); ++i)
      subjects_.push_back(bags[i].entry.kind == "certificate" ? certificate_fields(leaf(bags[i])) : CertificateFields());
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

  /// The bag of this certificate's issuer, other than itself.
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

}  // namespace

bool read_pkcs12_bags(ByteView safe_contents, Keystore& keystore, std::vector<Pkcs12Bag>& bags) {
  return BagReader(keystore, bags).read(safe_contents);
}

std::vector<KeystoreEntry> join_pkcs12_bags(const std::vector<Pkcs12Bag>& bags) { return Joiner(bags).run(); }

ByteView inner_der(ByteView bytes, Keystore& keystore) {
  if (der::well_formed(bytes, limits::der_depth_max)) return bytes;
  auto normal = der_from_ber(bytes);
  if (!normal || normal->size != bytes.size()) return bytes;
  keystore.opened.emplace_back(std::move(normal->der));
  return keystore.opened.back().view();
}

}  // namespace landwaiter::detectors
