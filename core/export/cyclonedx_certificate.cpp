// SPDX-License-Identifier: Apache-2.0
#include "core/assess/assess.hpp"
#include "core/base/text.hpp"
#include "core/export/cyclonedx_assets.hpp"
#include "core/report/assets/certificate.hpp"
#include "core/report/assets/key.hpp"

#include <algorithm>

namespace landwaiter::exports {
namespace {

using nlohmann::json;

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

void add_extension(json& list, const char* name, const std::string& value) {
  if (!value.empty()) list.push_back({{"commonExtensionName", name}, {"commonExtensionValue", value}});
}

json extensions_of(const assets::Certificate& facts) {
  json out = json::array();
  add_extension(out, "basicConstraints", facts.use.is_ca ? "CA:TRUE" : "");
  add_extension(out, "keyUsage", joined(facts.use.key_usage));
  add_extension(out, "extendedKeyUsage", joined(facts.use.extended_key_usage));
  add_extension(out, "subjectAlternativeName", joined(facts.subject_alternative_names));
  add_extension(out, "subjectKeyIdentifier", facts.subject_key_id);
  add_extension(out, "authorityKeyIdentifier", facts.authority_key_id);
  return out;
}

/// Only the two states that depend on time alone; revocation is not checked.
json state_of(const Finding& finding) {
  for (const Issue& issue : issues_of(finding)) {
    if (issue.code == "expired") return {{"state", "deactivated"}, {"reason", issue.reason}};
    if (issue.code == "not-yet-valid") return {{"state", "pre-activation"}, {"reason", issue.reason}};
  }
  return {{"state", "active"}};
}

void add_times(const assets::Certificate& facts, json& properties) {
  if (const std::string time = normal_time(facts.not_before); !time.empty()) properties["notValidBefore"] = time;
  if (const std::string time = normal_time(facts.not_after); !time.empty()) properties["notValidAfter"] = time;
}

void add_hashes(const assets::Certificate& facts, json& component) {
  json hashes = json::array();
  if (const std::string hash = sha256_of(facts.fingerprint_sha256); !hash.empty())
    hashes.push_back({{"alg", "SHA-256"}, {"content", hash}});
  if (!hashes.empty()) component["hashes"] = std::move(hashes);
}

}  // namespace

std::string add_public_key(const Finding& certificate, Graph& graph) {
  const assets::KeyIdentity identity = assets::key_identity_of(certificate);
  const std::string hash = sha256_of(identity.spki_sha256);
  if (hash.empty()) return {};
  Finding key;
  key.type = FindingType::public_key;
  key.id = "spki-sha256:" + hash;
  const std::string ref = ref_of(key);
  if (graph.components.contains(ref)) return ref;
  add_attributes(assets::key_kind_of(certificate), key.attributes);
  add_attributes(assets::KeyIdentity{identity.hash, "", hash}, key.attributes);
  key.title = "Public key of " + certificate.title;
  json component = make_component(key, {}, graph);
  add_property(component, "found-in", ref_of(certificate));
  graph.components[ref] = std::move(component);
  return ref;
}

void describe_certificate(const Finding& finding, const std::set<std::string>& refs, Graph& graph, json& component) {
  const assets::Certificate facts = assets::certificate_of(finding);
  const std::string ref = ref_of(finding);
  const bool newer = graph.version == CycloneDxVersion::v1_7;
  json properties{{"subjectName", facts.subject}, {"issuerName", facts.issuer}, {"certificateFormat", "X.509"}};
  add_times(facts, properties);
  const std::string& name = facts.signature.algorithm;
  const std::string signature = name.empty() ? "" : add_algorithm(signature_algorithm(name, facts.signature.hash), graph);
  const std::string key = add_public_key(finding, graph);
  link(graph, ref, signature);
  link(graph, ref, key);
  if (newer) {
    relate(properties, "algorithm", signature);
    relate(properties, "publicKey", key);
    for (const std::string& id : assets::matching_private_keys_of(finding)) {
      if (refs.contains("private-key:" + id)) relate(properties, "privateKey", "private-key:" + id);
    }
    if (!facts.serial.empty()) properties["serialNumber"] = facts.serial;
    if (const std::string hash = sha256_of(facts.fingerprint_sha256); !hash.empty())
      properties["fingerprint"] = {{"alg", "SHA-256"}, {"content", hash}};
    properties["certificateState"] = json::array({state_of(finding)});
    if (json extensions = extensions_of(facts); !extensions.empty()) properties["certificateExtensions"] = std::move(extensions);
  } else {
    if (!signature.empty()) properties["signatureAlgorithmRef"] = signature;
    if (!key.empty()) properties["subjectPublicKeyRef"] = key;
  }
  const std::string issuer = "certificate:" + assets::certificate_links_of(finding).issued_by;
  if (issuer != ref && refs.contains(issuer)) {
    link(graph, ref, issuer);
    if (newer) relate(properties, "issuer", issuer);
  }
  component["cryptoProperties"] = {{"assetType", "certificate"}, {"certificateProperties", std::move(properties)}};
  add_hashes(facts, component);
}

}  // namespace landwaiter::exports
