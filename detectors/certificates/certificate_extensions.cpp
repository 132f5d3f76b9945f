// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/certificate_extensions.hpp"

#include "core/base/encoding.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/x509_text.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// More policies or addresses than real certificates have.
constexpr int kExtensionListMax = 50;

std::string key_id_text(const ASN1_OCTET_STRING* id) {
  // SHA-1 or SHA-256 of the key (RFC 5280, 4.2.1.2; RFC 7093); no form is longer than this.
  constexpr int kBytesMax = 64;
  if (id == nullptr || ASN1_STRING_length(id) > kBytesMax) return {};
  return hex_encode({ASN1_STRING_get0_data(id), static_cast<std::size_t>(ASN1_STRING_length(id))});
}

json path_length(const X509* certificate) {
  const auto constraints = x509_extension<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>(certificate, NID_basic_constraints);
  if (!constraints || constraints->pathlen == nullptr) return nullptr;
  std::int64_t length = 0;
  if (ASN1_INTEGER_get_int64(&length, constraints->pathlen) != 1 || length < 0) return nullptr;
  return length;
}

json policies(const X509* certificate) {
  json out = json::array();
  const auto list = x509_extension<CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free>(certificate, NID_certificate_policies);
  const int count = list ? std::min(sk_POLICYINFO_num(list.get()), kExtensionListMax) : 0;
  for (int i = 0; i < count; ++i) {
    const ASN1_OBJECT* policy = sk_POLICYINFO_value(list.get(), i)->policyid;
    if (auto text = der::oid_text({OBJ_get0_data(policy), OBJ_length(policy)}); !text.empty()) out.push_back(attribute_text(text));
  }
  return out;
}

void add_url(const GENERAL_NAME* name, json& urls) {
  int type = 0;
  const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &type));
  if (type != GEN_URI || value == nullptr || urls.size() >= static_cast<std::size_t>(kExtensionListMax)) return;
  const ByteView bytes(ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value)));
  urls.push_back(attribute_text(as_text(bytes)));
}

json crl_urls(const X509* certificate) {
  json out = json::array();
  const auto points = x509_extension<CRL_DIST_POINTS, CRL_DIST_POINTS_free>(certificate, NID_crl_distribution_points);
  const int count = points ? std::min(sk_DIST_POINT_num(points.get()), kExtensionListMax) : 0;
  for (int i = 0; i < count; ++i) {
    const DIST_POINT* point = sk_DIST_POINT_value(points.get(), i);
    constexpr int kFullName = 0;
    if (point->distpoint == nullptr || point->distpoint->type != kFullName) continue;
    const GENERAL_NAMES* names = point->distpoint->name.fullname;
    const int names_count = std::min(sk_GENERAL_NAME_num(names), kExtensionListMax);
    for (int j = 0; j < names_count; ++j) add_url(sk_GENERAL_NAME_value(names, j), out);
  }
  return out;
}

void add_information_access(const X509* certificate, json& ocsp, json& issuers) {
  const auto access = x509_extension<AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free>(certificate, NID_info_access);
  const int count = access ? std::min(sk_ACCESS_DESCRIPTION_num(access.get()), kExtensionListMax) : 0;
  for (int i = 0; i < count; ++i) {
    const ACCESS_DESCRIPTION* description = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    const int method = OBJ_obj2nid(description->method);
    if (method == NID_ad_OCSP) add_url(description->location, ocsp);
    if (method == NID_ad_ca_issuers) add_url(description->location, issuers);
  }
}

}  // namespace

std::string subject_key_id(const X509* certificate) {
  const auto id = x509_extension<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>(certificate, NID_subject_key_identifier);
  return key_id_text(id.get());
}

std::string authority_key_id(const X509* certificate) {
  const auto id = x509_extension<AUTHORITY_KEYID, AUTHORITY_KEYID_free>(certificate, NID_authority_key_identifier);
  return key_id_text(id ? id->keyid : nullptr);
}

void add_extension_attributes(const X509* certificate, nlohmann::json& attributes) {
  attributes[attribute::path_length] = path_length(certificate);
  attributes["policies"] = policies(certificate);
  attributes["crl_urls"] = crl_urls(certificate);
  json ocsp = json::array(), issuers = json::array();
  add_information_access(certificate, ocsp, issuers);
  attributes["ocsp_urls"] = std::move(ocsp);
  attributes["issuer_urls"] = std::move(issuers);
  attributes["has_sct"] = X509_get_ext_by_NID(certificate, NID_ct_precert_scts, -1) >= 0;
  ERR_clear_error();
}

}  // namespace landwaiter::detectors
