// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/ocsp.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "core/report/assets/certificate.hpp"
#include "core/report/attribute_names.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/openssl_ptr.hpp"
#include "detectors/keys/key_work.hpp"
#include "detectors/keys/signature_algorithm.hpp"
#include "detectors/keys/x509_text.hpp"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <algorithm>
#include <array>
#include <memory>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

using Response = std::unique_ptr<OCSP_BASICRESP, OpensslFree<OCSP_BASICRESP_free>>;

/// Most responses are for one certificate; a report needs no more from a long one.
constexpr int kStatusesMax = 20;

/// id-pkix-ocsp-basic, 1.3.6.1.5.5.7.48.1.1.
constexpr std::array<std::uint8_t, 9> kBasic{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};

/// OCSPResponse { ENUMERATED successful, [0] { SEQUENCE { OID, OCTET STRING { BasicOCSPResponse } } } }.
std::optional<ByteView> basic_response(ByteView der) {
  constexpr std::uint8_t kEnumerated = 0x0a;
  const auto fields = der::only_content(der, der::kSequence);
  if (!fields) return std::nullopt;
  der::Reader reader(*fields);
  ByteView status, tagged, bytes, type, response;
  if (!reader.next(kEnumerated, status) || status.size() != 1 || status[0] != 0) return std::nullopt;
  if (!reader.next(der::kContext0, tagged) || !reader.empty()) return std::nullopt;
  if (!der::Reader(tagged).next(der::kSequence, bytes)) return std::nullopt;
  der::Reader inner(bytes);
  if (!inner.next(der::kOid, type) || !std::ranges::equal(type, kBasic)) return std::nullopt;
  if (!inner.next(der::kOctetString, response) || !inner.empty()) return std::nullopt;
  if (!der::only_content(response, der::kSequence) || !der::well_formed(response, limits::der_depth_max)) return std::nullopt;
  return response;
}

SignatureAlgorithm signature_of(ByteView basic) {
  ByteView fields, data, algorithm;
  if (!der::Reader(basic).next(der::kSequence, fields)) return {};
  der::Reader reader(fields);
  if (!reader.next(der::kSequence, data) || !reader.next(der::kSequence, algorithm)) return {};
  return read_signature_algorithm(algorithm);
}

json responder(const OCSP_BASICRESP* response) {
  const ASN1_OCTET_STRING* key_hash = nullptr;
  const X509_NAME* name = nullptr;
  if (OCSP_resp_get0_id(response, &key_hash, &name) != 1) return nullptr;
  if (name != nullptr) return name_text(name);
  constexpr int kHashMax = 64;
  if (key_hash == nullptr || ASN1_STRING_length(key_hash) > kHashMax) return nullptr;
  return "key " + hex_encode({ASN1_STRING_get0_data(key_hash), static_cast<std::size_t>(ASN1_STRING_length(key_hash))});
}

json optional_time(const ASN1_TIME* time) {
  const auto text = time_text(time);
  return text ? json(*text) : json(nullptr);
}

json certificate_status(OCSP_SINGLERESP* single) {
  ASN1_INTEGER* serial = nullptr;
  // The name's other parts are not needed; the API's argument is not const.
  auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
  OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, id);
  ASN1_GENERALIZEDTIME *this_update = nullptr, *next_update = nullptr;
  const int status = OCSP_single_get0_status(single, nullptr, nullptr, &this_update, &next_update);
  const char* word = status == V_OCSP_CERTSTATUS_GOOD ? "good" : status == V_OCSP_CERTSTATUS_REVOKED ? "revoked" : "unknown";
  return {{"serial", integer_text(serial)},
          {"status", word},
          {"this_update", optional_time(this_update)},
          {"next_update", optional_time(next_update)}};
}

json statuses(OCSP_BASICRESP* response) {
  json out = json::array();
  const int count = std::min(OCSP_resp_count(response), kStatusesMax);
  for (int i = 0; i < count; ++i) out.push_back(certificate_status(OCSP_resp_get0(response, i)));
  return out;
}

}  // namespace

std::optional<Finding> describe_ocsp_response(ByteView der) {
  const auto basic = basic_response(der);
  if (!basic) return std::nullopt;
  if (!charge_work(key_work::objects(basic->size()))) return std::nullopt;
  const unsigned char* at = basic->data();
  const Response response(d2i_OCSP_BASICRESP(nullptr, &at, static_cast<long>(basic->size())));
  ERR_clear_error();
  if (!response || at != basic->data() + basic->size()) return std::nullopt;
  Finding finding;
  finding.type = FindingType::ocsp_response;
  finding.id = Digest::sha256_of(der).str();
  json& attributes = finding.attributes;
  attributes[attribute::encoding] = "DER";
  attributes["responder"] = responder(response.get());
  attributes[attribute::produced_at] = optional_time(OCSP_resp_get0_produced_at(response.get()));
  attributes["certificates_answered"] = std::max(OCSP_resp_count(response.get()), 0);
  attributes["statuses"] = statuses(response.get());
  const SignatureAlgorithm signature = signature_of(*basic);
  add_attributes(assets::Signature{signature.name, signature.hash}, attributes);
  const std::string weakness = signature_weakness(signature.hash);
  attributes[attribute::weaknesses] = weakness.empty() ? json::array() : json::array({weakness});
  const std::string who = attributes["responder"].is_string() ? attributes["responder"].get<std::string>() : "an unnamed responder";
  finding.title = "OCSP response of " + title_text(who);
  ERR_clear_error();
  return finding;
}

}  // namespace landwaiter::detectors
