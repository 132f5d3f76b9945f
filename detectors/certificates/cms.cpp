// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/cms.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/key_work.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/keys/signature_algorithm.hpp"
#include "detectors/keys/x509_text.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// Maximum number of signers and recipients in a report; mailing lists have more.
constexpr std::size_t kSignersListedMax = 20;
/// [0], [1] and [2], primitive.
constexpr std::uint8_t kPrimitive0 = 0x80;
constexpr std::uint8_t kContext4 = 0xa4;

constexpr std::array<std::uint8_t, 9> kSignedData{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
constexpr std::array<std::uint8_t, 9> kEnvelopedData{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03};
constexpr std::array<std::uint8_t, 11> kAuthEnvelopedData{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17};

/// The content type in this project's terms; otherwise OpenSSL's name.
std::string content_type_name(ByteView type) {
  const std::string oid = der::oid_text(type);
  if (oid == "1.2.840.113549.1.7.1") return "data";
  if (oid == "1.3.6.1.4.1.311.2.1.4") return "authenticode";
  if (oid == "1.2.840.113549.1.9.16.1.4") return "time-stamp-token";
  if (oid == "1.3.6.1.4.1.311.10.1") return "certificate-trust-list";
  return attribute_text(oid_name(type));
}

/// Takes Name and INTEGER off the reader.
bool add_issuer_and_serial(der::Reader fields, json& out) {
  der::Element issuer;
  ByteView serial;
  if (!fields.next(der::kSequence, issuer) || !fields.next(der::kInteger, serial) || !fields.empty()) return false;
  if (!charge_work(key_work::objects(issuer.whole.size()))) return false;
  const unsigned char* at = issuer.whole.data();
  const std::unique_ptr<X509_NAME, OpensslFree<X509_NAME_free>> name(d2i_X509_NAME(nullptr, &at, static_cast<long>(issuer.whole.size())));
  ERR_clear_error();
  // Serial numbers have at most 20 bytes (RFC 5280, 4.1.2.2).
  constexpr std::size_t kSerialMax = 64;
  if (!name || serial.empty() || serial.size() > kSerialMax) return false;
  while (serial.size() > 1 && serial[0] == 0) serial = serial.subspan(1);
  out["issuer"] = name_text(name.get());
  out["serial"] = hex_encode(serial);
  return true;
}

/// SignerIdentifier and RecipientIdentifier: IssuerAndSerialNumber, or [0] SubjectKeyIdentifier.
bool add_identifier(der::Reader& reader, json& out) {
  der::Element element;
  constexpr std::size_t kKeyIdMax = 64;
  if (!reader.next(element)) return false;
  if (element.tag == der::kSequence) return add_issuer_and_serial(der::Reader(element.content), out);
  if (element.tag != kPrimitive0 || element.content.size() > kKeyIdMax) return false;
  out["subject_key_id"] = hex_encode(element.content);
  return true;
}

/// The signing time among signed attributes (RFC 5652, 11.3); null if there is none.
json signing_time(ByteView attributes) {
  for (der::Reader reader(attributes); !reader.empty();) {
    ByteView attribute, type, values;
    der::Element time;
    if (!reader.next(der::kSequence, attribute)) return nullptr;
    der::Reader fields(attribute);
    if (!fields.next(der::kOid, type) || der::oid_text(type) != "1.2.840.113549.1.9.5") continue;
    if (!fields.next(der::kSet, values) || !der::Reader(values).next(time)) return nullptr;
    const unsigned char* at = time.whole.data();
    const std::unique_ptr<ASN1_TIME, OpensslFree<ASN1_TIME_free>> parsed(d2i_ASN1_TIME(nullptr, &at, static_cast<long>(time.whole.size())));
    ERR_clear_error();
    const auto text = time_text(parsed.get());
    return text ? json(*text) : json(nullptr);
  }
  return nullptr;
}

/// Whether another party confirms the time: a time-stamp token (RFC 3161, appendix A; Microsoft's number for it) or a countersignature
/// (RFC 5652, 11.4)?
bool is_timestamped(ByteView attributes) {
  for (der::Reader reader(attributes); !reader.empty();) {
    ByteView attribute, type;
    if (!reader.next(der::kSequence, attribute)) return false;
    if (!der::Reader(attribute).next(der::kOid, type)) continue;
    const std::string oid = der::oid_text(type);
    if (oid == "1.2.840.113549.1.9.16.2.14" || oid == "1.3.6.1.4.1.311.3.3.1" || oid == "1.2.840.113549.1.9.6") return true;
  }
  return false;
}

/// SignerInfo (RFC 5652, 5.3).
std::optional<json> read_signer(ByteView info, json& weaknesses) {
  der::Reader reader(info);
  unsigned version = 0;
  ByteView digest, signed_attributes, algorithm, signature, unsigned_attributes;
  json out = json::object();
  if (!reader.small_integer(version) || !add_identifier(reader, out) || !reader.next(der::kSequence, digest)) return std::nullopt;
  if (reader.next_is(der::kContext0) && !reader.next(der::kContext0, signed_attributes)) return std::nullopt;
  if (!reader.next(der::kSequence, algorithm) || !reader.next(der::kOctetString, signature)) return std::nullopt;
  if (reader.next_is(der::kContext1) && !reader.next(der::kContext1, unsigned_attributes)) return std::nullopt;
  if (!reader.empty()) return std::nullopt;
  const SignatureAlgorithm made = read_signature_algorithm(algorithm);
  const std::string hash = digest_name(digest);
  out["digest_algorithm"] = hash;
  out["signature_algorithm"] = made.name;
  out["signing_time"] = signing_time(signed_attributes);
  out["timestamped"] = is_timestamped(unsigned_attributes);
  auto weakness = signature_weakness(hash);
  if (!weakness.empty() && std::find(weaknesses.begin(), weaknesses.end(), weakness) == weaknesses.end()) {
    weaknesses.push_back(std::move(weakness));
  }
  return out;
}

/// A SET's elements, if there is one with this tag.
std::size_t count_optional(der::Reader& reader, std::uint8_t tag) {
  ByteView set;
  if (!reader.next_is(tag) || !reader.next(tag, set)) return 0;
  std::size_t count = 0;
  der::Element element;
  for (der::Reader elements(set); elements.next(element);) ++count;
  return count;
}

bool add_signers(ByteView set, json& attributes) {
  json signers = json::array(), weaknesses = json::array();
  std::size_t count = 0;
  for (der::Reader reader(set); !reader.empty(); ++count) {
    ByteView info;
    if (!reader.next(der::kSequence, info)) return false;
    if (count >= kSignersListedMax) continue;
    auto signer = read_signer(info, weaknesses);
    if (!signer) return false;
    signers.push_back(*std::move(signer));
  }
  attributes["signers_count"] = count;
  attributes["signers"] = std::move(signers);
  attributes[attribute::weaknesses] = std::move(weaknesses);
  return true;
}

/// SignedData (RFC 5652, 5.1).
bool read_signed_data(ByteView content, json& attributes) {
  der::Reader reader(content);
  unsigned version = 0;
  ByteView digests, encapsulated, type, signers;
  if (!reader.small_integer(version) || version == 0 || version > 5) return false;
  if (!reader.next(der::kSet, digests) || !reader.next(der::kSequence, encapsulated)) return false;
  der::Reader inner(encapsulated);
  if (!inner.next(der::kOid, type)) return false;
  attributes[attribute::content] = "signed-data";
  attributes[attribute::content_type] = content_type_name(type);
  attributes[attribute::detached] = inner.empty();
  attributes["certificates"] = count_optional(reader, der::kContext0);
  attributes["crls"] = count_optional(reader, der::kContext1);
  return reader.next(der::kSet, signers) && reader.empty() && add_signers(signers, attributes);
}

/// RecipientInfo (RFC 5652, 6.2): how the content's key is kept for one recipient.
json read_recipient(const der::Element& info) {
  json out = json::object();
  const bool transport = info.tag == der::kSequence;
  out["kind"] = transport                    ? "key-transport"
                : info.tag == der::kContext1 ? "key-agreement"
                : info.tag == der::kContext2 ? "key-encryption-key"
                : info.tag == der::kContext3 ? "password"
                                             : "other";
  if (!transport) return out;
  der::Reader reader(info.content);
  unsigned version = 0;
  ByteView algorithm, type;
  if (!reader.small_integer(version) || !add_identifier(reader, out) || !reader.next(der::kSequence, algorithm)) return out;
  if (der::Reader(algorithm).next(der::kOid, type)) out["key_encryption"] = attribute_text(oid_name(type));
  return out;
}

json cipher_weaknesses(std::string_view cipher) {
  const std::string lower = to_lower(cipher);
  if (lower.starts_with("des-ede3")) return json::array({"3des"});
  if (lower.starts_with("des") || lower.starts_with("rc2") || lower.starts_with("rc4")) return json::array({"weak-cipher"});
  return json::array();
}

/// EnvelopedData (RFC 5652, 6.1) and AuthEnvelopedData (RFC 5083, 2.1), which start the same way.
bool read_enveloped_data(ByteView content, bool authenticated, json& attributes) {
  der::Reader reader(content);
  unsigned version = 0;
  ByteView ignored, set, encrypted, type, algorithm, cipher;
  if (!reader.small_integer(version) || version > 4) return false;
  if (reader.next_is(der::kContext0) && !reader.next(der::kContext0, ignored)) return false;
  if (!reader.next(der::kSet, set) || set.empty() || !reader.next(der::kSequence, encrypted)) return false;
  der::Reader inner(encrypted);
  if (!inner.next(der::kOid, type) || !inner.next(der::kSequence, algorithm)) return false;
  if (!der::Reader(algorithm).next(der::kOid, cipher)) return false;
  json recipients = json::array();
  std::size_t count = 0;
  der::Element info;
  for (der::Reader infos(set); !infos.empty(); ++count) {
    if (!infos.next(info) || info.tag < der::kSequence || info.tag > kContext4) return false;
    if (count < kSignersListedMax) recipients.push_back(read_recipient(info));
  }
  const std::string name = oid_name(cipher);
  attributes[attribute::content] = authenticated ? "authenticated-enveloped-data" : "enveloped-data";
  attributes[attribute::content_encryption] = attribute_text(name);
  attributes["recipients"] = std::move(recipients);
  attributes["recipients_count"] = count;
  attributes[attribute::weaknesses] = cipher_weaknesses(name);
  return true;
}

std::string counted(std::size_t count, const std::string& word) { return std::to_string(count) + ' ' + word + (count == 1 ? "" : "s"); }

std::string cms_title(const json& attributes) {
  if (attributes[attribute::content] != "signed-data") {
    return "Encrypted message (CMS, " + attributes[attribute::content_encryption].get<std::string>() + ", " +
           counted(attributes["recipients_count"], "recipient") + ')';
  }
  if (attributes["signers_count"] == 0) return "Bundle of " + counted(attributes["certificates"], "certificate") + " (PKCS#7)";
  const json& signer = attributes["signers"][0];
  const std::string by = signer.contains("issuer") ? signer["issuer"].get<std::string>() : "a key's identifier";
  return title_text("Signature (CMS, " + signer["digest_algorithm"].get<std::string>() + ") by a certificate of " + by);
}

}  // namespace

std::optional<Finding> describe_cms(ByteView der) {
  const auto fields = der::only_content(der, der::kSequence);
  if (!fields || !der::well_formed(der, limits::der_depth_max)) return std::nullopt;
  der::Reader reader(*fields);
  ByteView type, tagged, content;
  if (!reader.next(der::kOid, type) || !reader.next(der::kContext0, tagged) || !reader.empty()) return std::nullopt;
  der::Reader explicit_content(tagged);
  if (!explicit_content.next(der::kSequence, content) || !explicit_content.empty()) return std::nullopt;
  Finding finding;
  bool read = false;
  if (same_bytes(type, kSignedData)) read = read_signed_data(content, finding.attributes);
  else if (same_bytes(type, kEnvelopedData)) read = read_enveloped_data(content, false, finding.attributes);
  else if (same_bytes(type, kAuthEnvelopedData)) read = read_enveloped_data(content, true, finding.attributes);
  if (!read) return std::nullopt;
  finding.type = FindingType::signed_data;
  finding.id = Digest::sha256_of(der).str();
  finding.attributes[attribute::encoding] = "DER";
  finding.attributes[attribute::format] = "CMS";
  finding.title = cms_title(finding.attributes);
  return finding;
}

}  // namespace landwaiter::detectors
