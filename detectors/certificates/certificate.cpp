// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/certificate.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "detectors/certificates/certificate_extensions.hpp"
#include "detectors/certificates/public_roots.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/algorithm_names.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/keys/signature_algorithm.hpp"
#include "detectors/keys/x509_text.hpp"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

using Certificate = std::unique_ptr<X509, OpensslFree<X509_free>>;

struct NamedBit {
  int bit;
  const char* name;
};

/// RFC 5280, 4.2.1.3.
constexpr std::array<NamedBit, 9> kKeyUsages{{{0, "digitalSignature"},
                                              {1, "nonRepudiation"},
                                              {2, "keyEncipherment"},
                                              {3, "dataEncipherment"},
                                              {4, "keyAgreement"},
                                              {5, "keyCertSign"},
                                              {6, "cRLSign"},
                                              {7, "encipherOnly"},
                                              {8, "decipherOnly"}}};

struct Usage {
  int nid;
  const char* name;
};

/// RFC 5280, 4.2.1.12, in the words of this project's reports.
constexpr std::array<Usage, 7> kUsages{{{NID_server_auth, "server"},
                                        {NID_client_auth, "client"},
                                        {NID_code_sign, "code-signing"},
                                        {NID_email_protect, "email"},
                                        {NID_time_stamp, "time-stamping"},
                                        {NID_OCSP_sign, "ocsp-signing"},
                                        {NID_anyExtendedKeyUsage, "any"}}};

Certificate parse(ByteView der) {
  const unsigned char* at = der.data();
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (certificate && at != der.data() + der.size()) return nullptr;
  return certificate;
}

/// The SubjectPublicKeyInfo exactly as it stands: TBSCertificate is [0] version, serial, signature, issuer, validity,
/// subject, subjectPublicKeyInfo.
ByteView public_key_bytes(ByteView der) {
  ByteView certificate, tbs;
  der::Element element;
  if (!der::Reader(der).next(der::kSequence, certificate) || !der::Reader(certificate).next(der::kSequence, tbs)) return {};
  der::Reader reader(tbs);
  if (reader.next_is(der::kContext0) && !reader.next(element)) return {};
  constexpr int kFieldsBefore = 5;
  for (int i = 0; i < kFieldsBefore; ++i) {
    if (!reader.next(element)) return {};
  }
  return reader.next(der::kSequence, element) ? element.whole : ByteView();
}

/// For a key that its algorithm's rules reject, still its bytes and the algorithm's numbers.
PublicKey public_key_of(ByteView der) {
  const ByteView spki = public_key_bytes(der);
  if (auto key = read_public_key(spki)) return *std::move(key);
  PublicKey key;
  key.spki.assign(spki.begin(), spki.end());
  ByteView fields, algorithm, type;
  if (der::Reader(spki).next(der::kSequence, fields) && der::Reader(fields).next(der::kSequence, algorithm) &&
      der::Reader(algorithm).next(der::kOid, type)) {
    key.key_type = der::oid_text(type);
  }
  return key;
}

std::string signature_name(const X509* certificate) {
  const int nid = X509_get_signature_nid(certificate);
  if (nid != NID_undef) return OBJ_nid2ln(nid);
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OBJECT* object = nullptr;
  X509_get0_signature(nullptr, &algorithm, certificate);
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  const ByteView oid(OBJ_get0_data(object), OBJ_length(object));
  const std::string_view name = algorithm_name(oid);
  return name.empty() ? der::oid_text(oid) : std::string(name);
}

/// "SHA256", or empty when the algorithm has no hash of its own (Ed25519) or is not known.
std::string signature_hash(const X509* certificate) {
  int hash = NID_undef;
  X509* mutable_certificate = const_cast<X509*>(certificate);  // It fills a cache inside.
  const bool known = X509_get_signature_info(mutable_certificate, &hash, nullptr, nullptr, nullptr) == 1;
  if (!known) OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &hash, nullptr);
  ERR_clear_error();
  return hash == NID_undef ? std::string() : OBJ_nid2sn(hash);
}

bool self_issued(const X509* certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

/// Verifying costs at most some milliseconds: sizes beyond real ones and curves that the certificate itself defines are not tried.
const char* self_signature(X509* certificate, const PublicKey& key) {
  constexpr std::size_t kBitsMax = 8192;
  if (key.size_bits == 0 || key.size_bits > kBitsMax || key.curve == "explicit") return "unchecked";
  EVP_PKEY* public_key = X509_get0_pubkey(certificate);
  const int verified = public_key == nullptr ? -1 : X509_verify(certificate, public_key);
  ERR_clear_error();
  return verified == 1 ? "valid" : verified == 0 ? "invalid" : "unchecked";
}

json key_usage(const X509* certificate) {
  json out = json::array();
  const auto bits = x509_extension<ASN1_BIT_STRING, ASN1_BIT_STRING_free>(certificate, NID_key_usage);
  if (!bits) return out;
  for (const NamedBit& usage : kKeyUsages) {
    if (ASN1_BIT_STRING_get_bit(bits.get(), usage.bit) != 0) out.push_back(usage.name);
  }
  return out;
}

/// Fills both the names of the standard and the words of our own.
void add_extended_key_usage(const X509* certificate, json& names, json& usages) {
  constexpr int kUsagesMax = 100;
  const auto list = x509_extension<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>(certificate, NID_ext_key_usage);
  const int count = list ? std::min(sk_ASN1_OBJECT_num(list.get()), kUsagesMax) : 0;
  for (int i = 0; i < count; ++i) {
    const ASN1_OBJECT* object = sk_ASN1_OBJECT_value(list.get(), i);
    const int nid = OBJ_obj2nid(object);
    names.push_back(nid == NID_undef ? attribute_text(der::oid_text({OBJ_get0_data(object), OBJ_length(object)})) : OBJ_nid2sn(nid));
    for (const Usage& usage : kUsages) {
      if (usage.nid == nid) usages.push_back(usage.name);
    }
  }
}

bool is_authority(const X509* certificate, bool self_signed) {
  const auto constraints = x509_extension<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>(certificate, NID_basic_constraints);
  if (constraints) return constraints->ca != 0;
  constexpr long kVersion1 = 0;
  return X509_get_version(certificate) == kVersion1 && self_signed;
}

void add_usages(const X509* certificate, bool self_signed, json& attributes) {
  json names = json::array();
  json usages = json::array();
  add_extended_key_usage(certificate, names, usages);
  const bool authority = is_authority(certificate, self_signed);
  if (authority) usages.push_back("ca");
  attributes["key_usage"] = key_usage(certificate);
  attributes["extended_key_usage"] = std::move(names);
  attributes["usages"] = std::move(usages);
  attributes["is_ca"] = authority;
}

json alternative_names(const X509* certificate) {
  const auto names = x509_extension<GENERAL_NAMES, GENERAL_NAMES_free>(certificate, NID_subject_alt_name);
  return general_names_text(names.get());
}

std::string sha1_hex(ByteView bytes) {
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> hash{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha1(), nullptr);
  return hex_encode(hash);
}

json weaknesses(const PublicKey& key, const std::string& hash, bool self_signed) {
  json out = key_weaknesses(key);
  // A root is trusted for itself, not for its signature.
  if (auto weakness = signature_weakness(hash); !weakness.empty() && !self_signed) out.push_back(std::move(weakness));
  return out;
}

std::string title_of(const X509* certificate, const json& attributes) {
  std::string name = common_name(X509_get_subject_name(certificate));
  if (!name.empty()) name = "CN=" + name;
  else if (!attributes["subject_alternative_names"].empty()) name = attributes["subject_alternative_names"][0].get<std::string>();
  else if (const auto subject = attributes["subject"].get<std::string>(); !subject.empty()) name = subject;
  else name = "with serial number " + attributes["serial"].get<std::string>();
  return "Certificate " + title_text(std::move(name));
}

/// Hexadecimal as OpenSSL prints numbers: zero is "00".
std::string serial_text(const X509* certificate) {
  const std::string text = integer_text(X509_get0_serialNumber(certificate));
  return text.empty() ? "00" : text;
}

json attributes_of(X509* certificate, const PublicKey& key, ByteView der) {
  json out = json::object();
  out["version"] = X509_get_version(certificate) + 1;
  out["subject"] = name_text(X509_get_subject_name(certificate));
  out["issuer"] = name_text(X509_get_issuer_name(certificate));
  out["serial"] = serial_text(certificate);
  out["not_before"] = optional_json(time_text(X509_get0_notBefore(certificate)));
  out["not_after"] = optional_json(time_text(X509_get0_notAfter(certificate)));
  out["subject_alternative_names"] = alternative_names(certificate);
  add_public_key_attributes(key, out);
  out["signature_algorithm"] = signature_name(certificate);
  const std::string hash = signature_hash(certificate);
  out["signature_hash"] = hash.empty() ? json(nullptr) : json(hash);
  out["self_signature"] = self_issued(certificate) ? json(self_signature(certificate, key)) : json(nullptr);
  const bool self_signed = !out["self_signature"].is_null() && out["self_signature"] != "invalid";
  out["self_signed"] = self_signed;
  add_usages(certificate, self_signed, out);
  add_extension_attributes(certificate, out);
  const std::string fingerprint(Digest::sha256_of(der).hex());
  const bool root = self_signed && out["is_ca"].get<bool>();
  out["public_root"] = root ? json(is_public_root(fingerprint)) : json(nullptr);
  out["fingerprint_sha256"] = fingerprint;
  out["fingerprint_sha1"] = sha1_hex(der);
  out["weaknesses"] = weaknesses(key, hash, self_signed);
  return out;
}

}  // namespace

Result<Finding> describe_certificate(ByteView der, std::string_view encoding) {
  const Error malformed(ErrorCode::malformed, "not an X.509 certificate");
  if (!der::only_content(der, der::kSequence)) return malformed;
  if (!der::well_formed(der, limits::der_depth_max)) return malformed;
  const Certificate certificate = parse(der);
  if (!certificate) return malformed;
  const PublicKey key = public_key_of(der);
  if (key.spki.empty()) return malformed;

  Finding finding;
  finding.type = FindingType::certificate;
  finding.id = Digest::sha256_of(der).str();
  finding.attributes = attributes_of(certificate.get(), key, der);
  finding.attributes["encoding"] = encoding;
  finding.severity = finding.attributes["weaknesses"].empty() ? Severity::info : Severity::medium;
  finding.title = title_of(certificate.get(), finding.attributes);
  ERR_clear_error();
  return finding;
}

}  // namespace landwaiter::detectors
