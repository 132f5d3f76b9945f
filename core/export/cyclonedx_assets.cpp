// SPDX-License-Identifier: Apache-2.0
#include "core/export/cyclonedx_assets.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json.hpp"
#include "core/report/attributes.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::exports {
namespace {

using nlohmann::json;

/// Attributes that are shown as properties. A list of what may be shown, since a name that is not thought of here could one day
/// hold what must not leave.
constexpr std::array<const char*, 42> kShown{"serial",
                                             "subject_alternative_names",
                                             "fingerprint_sha1",
                                             "spki_sha256",
                                             "key_type",
                                             "key_size_bits",
                                             "curve",
                                             "encoding",
                                             "format",
                                             "encrypted",
                                             "encryption",
                                             "publisher",
                                             "self_signed",
                                             "is_ca",
                                             "usages",
                                             "public_root",
                                             "issued_by",
                                             "chain_complete",
                                             "weaknesses",
                                             "wrapped_in",
                                             "key_hash",
                                             "version",
                                             "integrity",
                                             "library",
                                             "confidence",
                                             "linkage",
                                             "end_of_life",
                                             "software",
                                             "issuer",
                                             "audience",
                                             "issued_at",
                                             "expires",
                                             "not_before",
                                             "not_after",
                                             "algorithm",
                                             "evidence",
                                             "signature_hash",
                                             "signature_algorithm",
                                             "key_usage",
                                             "extended_key_usage",
                                             "matching_certificates",
                                             "matching_private_keys"};

std::string value_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::string out;
    for (const json& each : value) out += (out.empty() ? "" : ", ") + (each.is_string() ? each.get<std::string>() : dump_json(each));
    return out;
  }
  return dump_json(value);
}

void add_properties(const Finding& finding, json& component) {
  add_property(component, "type", std::string(to_string(finding.type)));
  add_property(component, "severity", std::string(to_string(finding.severity)));
  if (!finding.detector.empty()) add_property(component, "detector", finding.detector);
  for (const char* name : kShown) {
    if (!finding.attributes.is_object() || !finding.attributes.contains(name)) continue;
    const json& value = finding.attributes[name];
    if (!value.is_null() && !(value.is_array() && value.empty())) add_property(component, name, value_text(value));
  }
  // The attribute is named after what it tells of, and tells the kind of password alone.
  if (const std::string kind = text_attribute(finding.attributes, "password"); kind == "none" || kind == "empty" || kind == "well-known") {
    add_property(component, "opens-with", kind);
  }
  for (const Issue& issue : issues_of(finding))
    add_property(component, "issue:" + issue.code, std::string(to_string(issue.severity)) + ": " + issue.reason);
}

Algorithm key_algorithm_of(const json& facts) {
  return key_algorithm(text_attribute(facts, "key_type"), count_attribute(facts, "key_size_bits").value_or(0),
                       text_attribute(facts, "curve"));
}

const char* material_type(FindingType type) {
  switch (type) {
    case FindingType::private_key: return "private-key";
    case FindingType::public_key: return "public-key";
    case FindingType::secret_key: return "secret-key";
    case FindingType::token: return "token";
    case FindingType::secret: return "credential";
    case FindingType::signed_data: return "signature";
    default: return "other";
  }
}

void add_material_times(const json& facts, json& properties) {
  const std::array<std::pair<const char*, const char*>, 3> times{
      {{"issued_at", "creationDate"}, {"not_before", "activationDate"}, {"expires", "expirationDate"}}};
  for (const auto& [attribute, field] : times) {
    if (const std::string time = time_of(facts, attribute); !time.empty()) properties[field] = time;
  }
}

bool compromised(const Finding& finding) {
  return std::ranges::any_of(issues_of(finding),
                             [](const Issue& issue) { return issue.code == "known-compromised" || issue.code == "published-key"; });
}

std::string algorithm_of(const Finding& finding, Graph& graph) {
  const json& facts = finding.attributes;
  if (finding.type == FindingType::token) {
    const std::string name = text_attribute(facts, "algorithm");
    return name.empty() || name == "none" ? "" : add_algorithm(jose_algorithm(name), graph);
  }
  return text_attribute(facts, "key_type").empty() ? "" : add_algorithm(key_algorithm_of(facts), graph);
}

void describe_material(const Finding& finding, const std::set<std::string>& refs, Graph& graph, json& component) {
  const json& facts = finding.attributes;
  json properties{{"type", material_type(finding.type)}, {"id", finding.id}};
  if (const auto size = count_attribute(facts, "key_size_bits"); size && *size > 0 && *size <= 1'000'000) properties["size"] = *size;
  std::string format = text_attribute(facts, "format");
  if (format.empty()) format = text_attribute(facts, "encoding");
  if (!format.empty()) properties["format"] = format;
  if (finding.type == FindingType::private_key || finding.type == FindingType::secret_key) {
    properties["securedBy"] = {{"mechanism", flag_attribute(facts, "encrypted") ? "Software" : "None"}};
  }
  if (compromised(finding)) properties["state"] = "compromised";
  add_material_times(facts, properties);
  const std::string algorithm = algorithm_of(finding, graph);
  link(graph, ref_of(finding), algorithm);
  if (graph.version == CycloneDxVersion::v1_6) {
    if (!algorithm.empty()) properties["algorithmRef"] = algorithm;
  } else {
    relate(properties, "algorithm", algorithm);
    if (finding.type == FindingType::private_key && refs.contains("public-key:" + finding.id))
      relate(properties, "publicKey", "public-key:" + finding.id);
    const std::string hash = finding.id.starts_with("spki-sha256:") ? sha256_of(std::string_view(finding.id).substr(12)) : "";
    if (!hash.empty() && finding.type == FindingType::public_key) properties["fingerprint"] = {{"alg", "SHA-256"}, {"content", hash}};
  }
  component["cryptoProperties"] = {{"assetType", "related-crypto-material"}, {"relatedCryptoMaterialProperties", std::move(properties)}};
}

/// The names in a list as its program takes it ("HIGH:3DES:!aNULL", "+aes128-cbc,3des-cbc") that it allows: not what is taken out of
/// it, and no commands such as @STRENGTH (which SSH does not have: its names may end in "@openssh.com").
std::vector<std::string> allowed_ciphers(std::string_view list, bool ssh) {
  // ssh_config(5): a list that begins with "-" takes names out, "+" and "^" put names in.
  if (ssh && list.starts_with('-')) return {};
  if (ssh && (list.starts_with('+') || list.starts_with('^'))) list.remove_prefix(1);
  std::vector<std::string> out;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(":,; \t"), list.size());
    const std::string_view name = list.substr(0, end);
    if (!name.empty() && std::string_view("!-+@").find(name[0]) == std::string_view::npos)
      out.emplace_back(ssh ? name : name.substr(0, name.find('@')));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

std::string protocol_versions(const json& protocols) {
  const std::string minimum = text_attribute(protocols, "minimum");
  if (!minimum.empty()) return minimum;
  std::string out;
  for (const std::string& each : texts_attribute(protocols, "enabled")) out += (out.empty() ? "" : ", ") + each;
  return out;
}

/// Settings that speak of no protocol (Java's providers, GnuPG's preferences) are a file with properties.
void describe_settings(const Finding& finding, json& component) {
  const json settings = finding.attributes.value("settings", json::object());
  const bool ssh = text_attribute(finding.attributes, "software") == "OpenSSH";
  const std::string version = settings.is_object() ? protocol_versions(settings.value("protocols", json::object())) : std::string();
  const auto ciphers = allowed_ciphers(text_attribute(settings, "ciphers"), ssh);
  add_property(component, "settings", dump_json(settings));
  if (!ssh && version.empty() && ciphers.empty()) {
    component["type"] = "file";
    return;
  }
  json properties{{"type", ssh ? "ssh" : "tls"}};
  if (!version.empty()) properties["version"] = version;
  for (const std::string& cipher : ciphers) properties["cipherSuites"].push_back({{"name", cipher}});
  component["cryptoProperties"] = {{"assetType", "protocol"}, {"protocolProperties", std::move(properties)}};
}

/// What a program is told, or parameters of Diffie-Hellman.
void describe_configuration(const Finding& finding, const std::set<std::string>& refs, Graph& graph, json& component) {
  const bool settings = finding.attributes.is_object() && finding.attributes.contains("settings");
  if (settings) describe_settings(finding, component);
  else describe_material(finding, refs, graph, component);
}

/// Certificates and keys that the keystore's entries name and that are in the report.
void describe_keystore(const Finding& finding, const std::set<std::string>& refs, Graph& graph, json& component) {
  component["type"] = "file";
  if (finding.id.starts_with("sha256:")) {
    const std::string hash = sha256_of(std::string_view(finding.id).substr(7));
    if (!hash.empty()) component["hashes"] = json::array({{{"alg", "SHA-256"}, {"content", hash}}});
  }
  const json entries = finding.attributes.is_object() ? finding.attributes.value("entries", json::array()) : json::array();
  if (!entries.is_array()) return;
  for (const json& entry : entries) {
    for (const std::string& id : texts_attribute(entry, "certificates")) {
      if (refs.contains("certificate:" + id)) link(graph, ref_of(finding), "certificate:" + id);
    }
  }
  add_property(component, "entries", std::to_string(entries.size()));
}

void describe_library(const Finding& finding, json& component) {
  component["type"] = "library";
  if (const std::string name = text_attribute(finding.attributes, "library"); !name.empty()) component["name"] = name;
  if (const std::string version = text_attribute(finding.attributes, "version"); !version.empty()) component["version"] = version;
  if (const std::string purl = text_attribute(finding.attributes, "purl"); purl.starts_with("pkg:")) component["purl"] = purl;
}

}  // namespace

std::string ref_of(const Finding& finding) { return std::string(to_string(finding.type)) + ":" + finding.id; }

void add_property(json& component, const std::string& name, std::string value) {
  component["properties"].push_back({{"name", "landwaiter:" + name}, {"value", std::move(value)}});
}

std::string time_of(const json& attributes, const char* name) {
  const auto time = time_attribute(attributes, name);
  return time ? to_rfc3339(*time) : std::string();
}

std::string sha256_of(std::string_view text) {
  const bool hex = text.size() == 64 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  return hex ? std::string(text) : std::string();
}

void relate(json& properties, const char* type, const std::string& ref) {
  if (!ref.empty()) properties["relatedCryptographicAssets"].push_back({{"type", type}, {"ref", ref}});
}

void link(Graph& graph, const std::string& from, const std::string& to) {
  if (!to.empty() && from != to) graph.depends_on[from].insert(to);
}

std::string add_algorithm(const Algorithm& algorithm, Graph& graph) {
  const std::string ref = "algorithm:" + algorithm.name;
  if (graph.components.contains(ref)) return ref;
  graph.depends_on[ref];
  const bool newer = graph.version == CycloneDxVersion::v1_7;
  json properties{{"primitive", algorithm.primitive}};
  if (newer && !algorithm.family.empty()) properties["algorithmFamily"] = algorithm.family;
  if (!algorithm.parameter_set.empty()) properties["parameterSetIdentifier"] = algorithm.parameter_set;
  if (!newer && !algorithm.curve.empty()) properties["curve"] = algorithm.curve;
  if (newer && !algorithm.curve_id.empty()) properties["ellipticCurve"] = algorithm.curve_id;
  if (algorithm.classical_bits) properties["classicalSecurityLevel"] = *algorithm.classical_bits;
  if (algorithm.quantum_level) properties["nistQuantumSecurityLevel"] = *algorithm.quantum_level;
  json component{{"type", "cryptographic-asset"}, {"bom-ref", ref}, {"name", algorithm.name}};
  component["cryptoProperties"] = {{"assetType", "algorithm"}, {"algorithmProperties", std::move(properties)}};
  if (!algorithm.oid.empty()) component["cryptoProperties"]["oid"] = algorithm.oid;
  graph.components[ref] = std::move(component);
  return ref;
}

json make_component(const Finding& finding, const std::set<std::string>& refs, Graph& graph) {
  const std::string ref = ref_of(finding);
  graph.depends_on[ref];
  json component{{"type", "cryptographic-asset"}, {"bom-ref", ref}, {"name", finding.title.empty() ? finding.id : finding.title}};
  switch (finding.type) {
    case FindingType::certificate: describe_certificate(finding, refs, graph, component); break;
    case FindingType::keystore: describe_keystore(finding, refs, graph, component); break;
    case FindingType::crypto_library:
    case FindingType::package: describe_library(finding, component); break;
    case FindingType::crypto_configuration: describe_configuration(finding, refs, graph, component); break;
    case FindingType::misconfiguration: component["type"] = "file"; break;
    default: describe_material(finding, refs, graph, component);
  }
  add_properties(finding, component);
  return component;
}

}  // namespace landwaiter::exports
