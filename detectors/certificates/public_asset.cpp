// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/public_asset.hpp"

#include "core/base/digest.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "core/report/assets/certificate.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/key_checks.hpp"
#include "detectors/keys/key_work.hpp"
#include "detectors/keys/public_key.hpp"
#include "detectors/keys/signature_algorithm.hpp"
#include "detectors/keys/x509_text.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <memory>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

using Request = std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>>;
using List = std::unique_ptr<X509_CRL, OpensslFree<X509_CRL_free>>;

Finding finding_of(FindingType type, ByteView der, std::string_view encoding) {
  Finding finding;
  finding.type = type;
  finding.id = Digest::sha256_of(der).str();
  finding.attributes[attribute::encoding] = encoding;
  return finding;
}

/// The second field of what is signed: SEQUENCE { content, AlgorithmIdentifier, BIT STRING }.
SignatureAlgorithm outer_signature(ByteView der) {
  ByteView fields, content, algorithm;
  if (!der::Reader(der).next(der::kSequence, fields)) return {};
  der::Reader reader(fields);
  if (!reader.next(der::kSequence, content) || !reader.next(der::kSequence, algorithm)) return {};
  return read_signature_algorithm(algorithm);
}

void add_signature(ByteView der, json& weaknesses, json& attributes) {
  const SignatureAlgorithm signature = outer_signature(der);
  add_attributes(assets::Signature{signature.name, signature.hash}, attributes);
  if (auto weakness = signature_weakness(signature.hash); !weakness.empty()) weaknesses.push_back(std::move(weakness));
}

/// The key's bytes, unchanged: CertificationRequestInfo is version, subject, subjectPublicKeyInfo, [0].
ByteView request_key(ByteView der) {
  ByteView fields, info;
  der::Element version, subject, spki;
  if (!der::Reader(der).next(der::kSequence, fields) || !der::Reader(fields).next(der::kSequence, info)) return {};
  der::Reader reader(info);
  if (!reader.next(version) || !reader.next(subject) || !reader.next(der::kSequence, spki)) return {};
  return spki.whole;
}

std::optional<Finding> describe_key(const PublicKey& key, std::string_view encoding) {
  Finding finding;
  finding.type = FindingType::public_key;
  finding.id = key.id();
  finding.attributes[attribute::encoding] = encoding;
  add_public_key_attributes(key, finding.attributes);
  finding.attributes[attribute::weaknesses] = json(key_weaknesses(key));
  finding.title = describe(key) + " public key";
  return finding;
}

}  // namespace

std::optional<Finding> describe_request(ByteView der, std::string_view encoding) {
  if (!der::well_formed(der, limits::der_depth_max)) return std::nullopt;
  if (!charge_work(key_work::objects_with_key(der.size()))) return std::nullopt;
  const unsigned char* at = der.data();
  const Request request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  const ByteView spki = request_key(der);
  if (!request || at != der.data() + der.size() || spki.empty()) return std::nullopt;
  Finding finding = finding_of(FindingType::certificate_request, der, encoding);
  json weaknesses = json::array();
  if (const auto key = read_public_key(spki)) {
    add_public_key_attributes(*key, finding.attributes);
    weaknesses = json(key_weaknesses(*key));
  }
  finding.attributes[attribute::subject] = name_text(X509_REQ_get_subject_name(request.get()));
  add_signature(der, weaknesses, finding.attributes);
  finding.attributes[attribute::weaknesses] = std::move(weaknesses);
  finding.title = "Certificate request " + title_text(finding.attributes[attribute::subject]);
  return finding;
}

std::optional<Finding> describe_revocation_list(ByteView der, std::string_view encoding) {
  if (!der::well_formed(der, limits::der_depth_max)) return std::nullopt;
  if (!charge_work(key_work::objects(der.size()))) return std::nullopt;
  const unsigned char* at = der.data();
  const List list(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!list || at != der.data() + der.size()) return std::nullopt;
  Finding finding = finding_of(FindingType::crl, der, encoding);
  finding.attributes[attribute::issuer] = name_text(X509_CRL_get_issuer(list.get()));
  finding.attributes[attribute::this_update] = optional_json(time_text(X509_CRL_get0_lastUpdate(list.get())));
  finding.attributes[attribute::next_update] = optional_json(time_text(X509_CRL_get0_nextUpdate(list.get())));
  const int revoked = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(list.get()));
  finding.attributes["revoked_certificates"] = revoked < 0 ? 0 : revoked;
  json weaknesses = json::array();
  add_signature(der, weaknesses, finding.attributes);
  finding.attributes[attribute::weaknesses] = std::move(weaknesses);
  finding.title = "Revocation list of " + title_text(finding.attributes[attribute::issuer]);
  return finding;
}

std::optional<Finding> describe_public_key(ByteView der, std::string_view encoding) {
  const auto key = read_public_key(der);
  return key ? describe_key(*key, encoding) : std::nullopt;
}

std::optional<Finding> describe_pkcs1_public_key(ByteView der, std::string_view encoding) {
  const Bytes type = der::write(der::kOid, {oid::rsa()});
  const Bytes null = der::write(der::kNull, {});
  const auto key = public_key_with(der::write(der::kSequence, {type, null}), der);
  return key ? describe_key(*key, encoding) : std::nullopt;
}

}  // namespace landwaiter::detectors
