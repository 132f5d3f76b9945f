// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/certificate.hpp"

#include "core/assess/weaknesses.hpp"
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "core/report/assets/certificate.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/certificates/certificate_extensions.hpp"
#include "detectors/certificates/public_roots.hpp"
#include "detectors/engine/answers.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/algorithm_names.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/key_work.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/keys/signature_algorithm.hpp"
#include "detectors/keys/x509_text.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
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

/// RFC 5280, 4.2.1.12, in this project's terms.
constexpr std::array<Usage, 7> kUsages{{{NID_server_auth, "server"},
                                        {NID_client_auth, "client"},
                                        {NID_code_sign, "code-signing"},
                                        {NID_email_protect, "email"},
                                        {NID_time_stamp, "time-stamping"},
                                        {NID_OCSP_sign, "ocsp-signing"},
                                        {NID_anyExtendedKeyUsage, "any"}}};

Certificate parse(ByteView der) {
  if (!charge_work(key_work::objects_with_key(der.size()))) return nullptr;
  const unsigned char* at = der.data();
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (certificate && at != der.data() + der.size()) return nullptr;
  return certificate;
}

/// The SubjectPublicKeyInfo, byte for byte: TBSCertificate is [0] version, serial, signature, issuer, validity, subject,
/// subjectPublicKeyInfo.
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

/// For a key that violates its algorithm's rules: still its bytes and the algorithm's OID.
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

/// "SHA256", or empty if the algorithm has no separate hash (Ed25519) or is unknown.
std::string signature_hash(const X509* certificate) {
  int hash = NID_undef;
  X509* mutable_certificate = const_cast<X509*>(certificate);  // It fills an internal cache.
  const bool known = X509_get_signature_info(mutable_certificate, &hash, nullptr, nullptr, nullptr) == 1;
  if (!known) OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &hash, nullptr);
  ERR_clear_error();
  return hash == NID_undef ? std::string() : OBJ_nid2sn(hash);
}

bool self_issued(const X509* certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

/// An exponent of RSA is short in practice and can be as long as the modulus.
std::uint64_t verification_work(const EVP_PKEY* public_key, const PublicKey& key) {
  if (key.key_type == "EC") return 2 * key_work::multiplication(key.size_bits);
  std::size_t exponent_bits = 2 * key.size_bits;
  BIGNUM* exponent = nullptr;
  if (public_key != nullptr && EVP_PKEY_get_bn_param(public_key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1) {
    exponent_bits = static_cast<std::size_t>(BN_num_bits(exponent));
  }
  BN_free(exponent);
  ERR_clear_error();
  return key_work::power(exponent_bits, key.size_bits);
}

/// Verification takes a few milliseconds at most: unrealistic sizes and explicit curves are skipped.
const char* self_signature(X509* certificate, const PublicKey& key) {
  constexpr std::size_t kBitsMax = 8192;
  if (key.size_bits == 0 || key.size_bits > kBitsMax || key.curve == "explicit") return "unchecked";
  EVP_PKEY* public_key = X509_get0_pubkey(certificate);
  if (!charge_work(verification_work(public_key, key))) return "unchecked";
  const int verified = public_key == nullptr ? -1 : X509_verify(certificate, public_key);
  ERR_clear_error();
  return verified == 1 ? "valid" : verified == 0 ? "invalid" : "unchecked";
}

std::vector<std::string> key_usage(const X509* certificate) {
  std::vector<std::string> out;
  const auto bits = x509_extension<ASN1_BIT_STRING, ASN1_BIT_STRING_free>(certificate, NID_key_usage);
  if (!bits) return out;
  for (const NamedBit& usage : kKeyUsages) {
    if (ASN1_BIT_STRING_get_bit(bits.get(), usage.bit) != 0) out.emplace_back(usage.name);
  }
  return out;
}

/// Fills both the standard's names and our own terms.
void add_extended_key_usage(const X509* certificate, assets::CertificateUse& use) {
  constexpr int kUsagesMax = 100;
  const auto list = x509_extension<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>(certificate, NID_ext_key_usage);
  const int count = list ? std::min(sk_ASN1_OBJECT_num(list.get()), kUsagesMax) : 0;
  for (int i = 0; i < count; ++i) {
    const ASN1_OBJECT* object = sk_ASN1_OBJECT_value(list.get(), i);
    const int nid = OBJ_obj2nid(object);
    use.extended_key_usage.push_back(nid == NID_undef ? attribute_text(der::oid_text({OBJ_get0_data(object), OBJ_length(object)}))
                                                      : OBJ_nid2sn(nid));
    for (const Usage& usage : kUsages) {
      if (usage.nid == nid) use.usages.emplace_back(usage.name);
    }
  }
}

bool is_authority(const X509* certificate, bool self_signed) {
  const auto constraints = x509_extension<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>(certificate, NID_basic_constraints);
  if (constraints) return constraints->ca != 0;
  constexpr long kVersion1 = 0;
  return X509_get_version(certificate) == kVersion1 && self_signed;
}

assets::CertificateUse use_of(const X509* certificate, bool self_signed, const std::string& fingerprint) {
  assets::CertificateUse use;
  use.self_signed = self_signed;
  use.is_ca = is_authority(certificate, self_signed);
  if (self_signed && use.is_ca) use.public_root = is_public_root(fingerprint);
  use.key_usage = key_usage(certificate);
  add_extended_key_usage(certificate, use);
  if (use.is_ca) use.usages.emplace_back("ca");
  return use;
}

std::vector<std::string> alternative_names(const X509* certificate) {
  const auto names = x509_extension<GENERAL_NAMES, GENERAL_NAMES_free>(certificate, NID_subject_alt_name);
  return general_names_text(names.get());
}

std::string sha1_hex(ByteView bytes) {
  constexpr std::uint64_t kUnitsPerByte = 3;
  charge_work(kUnitsPerByte * bytes.size());
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> hash{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha1(), nullptr);
  return hex_encode(hash);
}

std::vector<std::string> weaknesses(const PublicKey& key, const assets::Certificate& facts) {
  std::vector<std::string> out = key_weaknesses(key);
  // A root is trusted directly, not because of its signature.
  if (auto weakness = signature_weakness(facts.signature.hash); !weakness.empty() && !facts.use.self_signed)
    out.push_back(std::move(weakness));
  // Public authorities issued such roots long ago; an image's author cannot have them replaced.
  if (facts.use.public_root.value_or(false)) std::erase(out, "rsa-exponent-small");
  return out;
}

/// As bad as the worst of them, but what a certificate lets others do is for assessing to say.
Severity severity_of(const std::vector<std::string>& weaknesses) {
  Severity severity = Severity::info;
  for (const std::string& code : weaknesses) severity = std::max(severity, weakness_issue(code).severity);
  return std::min(severity, Severity::medium);
}

std::string title_of(const X509* certificate, const assets::Certificate& facts) {
  std::string name = common_name(X509_get_subject_name(certificate));
  if (!name.empty()) name = "CN=" + name;
  else if (!facts.subject_alternative_names.empty()) name = facts.subject_alternative_names.front();
  else if (!facts.subject.empty()) name = facts.subject;
  else name = "with serial number " + facts.serial;
  return "Certificate " + title_text(std::move(name));
}

/// Hexadecimal as OpenSSL prints numbers: zero is "00".
std::string serial_text(const X509* certificate) {
  const std::string text = integer_text(X509_get0_serialNumber(certificate));
  return text.empty() ? "00" : text;
}

/// Whether its own key signed it: "valid", "invalid", "unchecked"; empty if another key issued it.
std::string_view own_signature(X509* certificate, const PublicKey& key) {
  return self_issued(certificate) ? self_signature(certificate, key) : "";
}

assets::Certificate facts_of(const X509* certificate, bool self_signed, ByteView der) {
  assets::Certificate facts;
  facts.version = static_cast<std::uint64_t>(std::max(0L, X509_get_version(certificate) + 1));
  facts.subject = name_text(X509_get_subject_name(certificate));
  facts.issuer = name_text(X509_get_issuer_name(certificate));
  facts.serial = serial_text(certificate);
  facts.not_before = time_text(X509_get0_notBefore(certificate)).value_or("");
  facts.not_after = time_text(X509_get0_notAfter(certificate)).value_or("");
  facts.subject_alternative_names = alternative_names(certificate);
  facts.signature = {signature_name(certificate), signature_hash(certificate)};
  facts.fingerprint_sha256 = Digest::sha256_of(der).hex();
  facts.fingerprint_sha1 = sha1_hex(der);
  facts.use = use_of(certificate, self_signed, facts.fingerprint_sha256);
  facts.subject_key_id = subject_key_id(certificate);
  facts.authority_key_id = authority_key_id(certificate);
  return facts;
}

std::vector<Finding> read_certificate(ByteView der, std::string_view encoding) {
  if (!der::only_content(der, der::kSequence) || !der::well_formed(der, limits::der_depth_max)) return {};
  const Certificate certificate = parse(der);
  if (!certificate) return {};
  const PublicKey key = public_key_of(der);
  if (key.spki.empty()) return {};

  Finding finding;
  finding.type = FindingType::certificate;
  finding.id = Digest::sha256_of(der).str();
  const std::string_view own = own_signature(certificate.get(), key);
  const bool self_signed = !own.empty() && own != "invalid";
  const assets::Certificate facts = facts_of(certificate.get(), self_signed, der);
  const auto weak = weaknesses(key, facts);
  json& attributes = finding.attributes;
  add_attributes(facts, attributes);
  add_public_key_attributes(key, attributes);
  add_extension_attributes(certificate.get(), attributes);
  attributes[attribute::self_signature] = own.empty() ? json(nullptr) : json(own);
  attributes[attribute::encoding] = encoding;
  attributes[attribute::weaknesses] = weak;
  finding.severity = severity_of(weak);
  finding.title = title_of(certificate.get(), facts);
  ERR_clear_error();
  return {std::move(finding)};
}

}  // namespace

Result<Finding> describe_certificate(ByteView der, std::string_view encoding) {
  auto read = answer_for("certificate " + std::string(encoding), der, [&] { return read_certificate(der, encoding); });
  if (read.empty()) return Error(ErrorCode::malformed, "not an X.509 certificate");
  return std::move(read.front());
}

}  // namespace landwaiter::detectors
