// SPDX-License-Identifier: Apache-2.0
#include "detectors/public_asset_detector.hpp"

#include "core/digest.hpp"
#include "core/limits.hpp"
#include "detectors/der.hpp"
#include "detectors/openssl_ptr.hpp"
#include "detectors/pem.hpp"
#include "detectors/public_key.hpp"
#include "detectors/x509_text.hpp"

#include <openssl/err.h>

#include <memory>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

json optional_json(const std::optional<std::string>& text) { return text ? json(*text) : json(nullptr); }

json weaknesses_of(const PublicKey& key) {
  const std::string weakness = key_weakness(key);
  return weakness.empty() ? json::array() : json{weakness};
}

std::string signature_name(int nid) { return nid == NID_undef ? std::string("unknown") : OBJ_nid2ln(nid); }

/// RFC 2986. The key's bytes as they stand: CertificationRequestInfo is version, subject, subjectPublicKeyInfo, [0].
std::optional<Finding> describe_request(ByteView der) {
  const unsigned char* at = der.data();
  const std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>> request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  if (!request || at != der.data() + der.size()) return std::nullopt;
  ByteView fields, info;
  der::Element version, subject, spki;
  if (!der::Reader(der).next(der::kSequence, fields) || !der::Reader(fields).next(der::kSequence, info)) return std::nullopt;
  der::Reader reader(info);
  if (!reader.next(version) || !reader.next(subject) || !reader.next(der::kSequence, spki)) return std::nullopt;
  Finding finding;
  finding.type = FindingType::certificate_request;
  finding.id = Digest::sha256_of(der).str();
  const auto key = read_public_key(spki.whole);
  if (key) add_public_key_attributes(*key, finding.attributes);
  finding.attributes["weaknesses"] = key ? weaknesses_of(*key) : json::array();
  finding.attributes["subject"] = name_text(X509_REQ_get_subject_name(request.get()));
  finding.attributes["signature_algorithm"] = signature_name(X509_REQ_get_signature_nid(request.get()));
  finding.title = "Certificate request " + title_text(finding.attributes["subject"]);
  return finding;
}

/// RFC 5280, 5.1.
std::optional<Finding> describe_revocation_list(ByteView der) {
  const unsigned char* at = der.data();
  const std::unique_ptr<X509_CRL, OpensslFree<X509_CRL_free>> list(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  if (!list || at != der.data() + der.size()) return std::nullopt;
  Finding finding;
  finding.type = FindingType::crl;
  finding.id = Digest::sha256_of(der).str();
  finding.attributes["issuer"] = name_text(X509_CRL_get_issuer(list.get()));
  finding.attributes["this_update"] = optional_json(time_text(X509_CRL_get0_lastUpdate(list.get())));
  finding.attributes["next_update"] = optional_json(time_text(X509_CRL_get0_nextUpdate(list.get())));
  const int revoked = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(list.get()));
  finding.attributes["revoked_certificates"] = revoked < 0 ? 0 : revoked;
  finding.attributes["signature_algorithm"] = signature_name(X509_CRL_get_signature_nid(list.get()));
  finding.title = "Revocation list of " + title_text(finding.attributes["issuer"]);
  return finding;
}

std::optional<Finding> describe_public_key(ByteView der, bool pkcs1) {
  std::optional<PublicKey> key;
  if (pkcs1) {
    const Bytes type = der::write(der::kOid, {oid::rsa()});
    const Bytes null = der::write(der::kNull, {});
    key = public_key_with(der::write(der::kSequence, {type, null}), der);
  } else {
    key = read_public_key(der);
  }
  if (!key) return std::nullopt;
  Finding finding;
  finding.type = FindingType::public_key;
  finding.id = key->id();
  add_public_key_attributes(*key, finding.attributes);
  finding.attributes["weaknesses"] = weaknesses_of(*key);
  finding.title = describe(*key) + " public key";
  return finding;
}

std::optional<Finding> describe_block(const pem::Block& block) {
  const auto der = der::whole_element(block.body.view());
  if (!der || !der::well_formed(*der, limits::der_depth_max)) return std::nullopt;
  if (block.label.ends_with("CERTIFICATE REQUEST")) return describe_request(*der);
  if (block.label == "X509 CRL") return describe_revocation_list(*der);
  return describe_public_key(*der, block.label == "RSA PUBLIC KEY");
}

}  // namespace

std::vector<Trigger> PublicAssetDetector::triggers() const {
  return {{0, "-----BEGIN (?:(?:NEW )?CERTIFICATE REQUEST|X509 CRL|(?:RSA )?PUBLIC KEY)-----", 40}};
}

void PublicAssetDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  const pem::Block block = pem::read_block(window.bytes, hit.end, window.ends_file);
  if (block.state == pem::State::bare) return;
  if (block.state == pem::State::beyond_window) {
    sink.diagnose(ErrorCode::limit_exceeded, "a PEM block labelled " + std::string(block.label) + " is longer than is read", block.begin);
    return;
  }
  auto finding = block.state == pem::State::decoded ? describe_block(block) : std::nullopt;
  ERR_clear_error();
  if (!finding) {
    sink.diagnose(ErrorCode::malformed, "a PEM block labelled " + std::string(block.label) + " cannot be read", block.begin);
    return;
  }
  finding->attributes["encoding"] = "PEM";
  sink.add(*std::move(finding), block.begin);
  sink.consumed(block.end);
}

}  // namespace landwaiter::detectors
