// SPDX-License-Identifier: Apache-2.0
#include "core/export/cyclonedx_assets.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json.hpp"
#include "core/report/assets/common.hpp"
#include "core/report/assets/crypto_configuration.hpp"
#include "core/report/assets/crypto_library.hpp"
#include "core/report/assets/fields.hpp"
#include "core/report/assets/key.hpp"
#include "core/report/assets/keystore.hpp"
#include "core/report/assets/token.hpp"
#include "core/report/attribute_names.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::exports {
namespace {

using nlohmann::json;

/// Attributes that become properties. An allowlist, because a new attribute might contain something that must not be exported.
constexpr std::array kShown{attribute::encoding,
                            attribute::format,
                            attribute::format_version,
                            attribute::version,
                            attribute::wrapped_in,
                            attribute::publisher,
                            attribute::weaknesses,
                            attribute::container,
                            attribute::content_type,
                            attribute::detached,
                            attribute::key_type,
                            attribute::key_size_bits,
                            attribute::content,
                            attribute::content_encryption,
                            attribute::usage,
                            attribute::kid,
                            attribute::keystore,
                            attribute::ssh_key_type,
                            attribute::self_signature,
                            attribute::curve,
                            attribute::key_hash,
                            attribute::spki_sha256,
                            attribute::algorithm,
                            attribute::encrypted,
                            attribute::encryption,
                            attribute::consistent,
                            attribute::role,
                            attribute::ssh_fingerprint,
                            attribute::fingerprint,
                            attribute::key_id,
                            attribute::revoked,
                            attribute::created,
                            attribute::matching_certificates,
                            attribute::matching_private_keys,
                            attribute::subject,
                            attribute::issuer,
                            attribute::serial,
                            attribute::not_before,
                            attribute::not_after,
                            attribute::subject_alternative_names,
                            attribute::signature_algorithm,
                            attribute::signature_hash,
                            attribute::self_signed,
                            attribute::is_ca,
                            attribute::public_root,
                            attribute::usages,
                            attribute::key_usage,
                            attribute::extended_key_usage,
                            attribute::path_length,
                            attribute::fingerprint_sha1,
                            attribute::fingerprint_sha256,
                            attribute::subject_key_id,
                            attribute::authority_key_id,
                            attribute::issued_by,
                            attribute::chain_complete,
                            attribute::this_update,
                            attribute::next_update,
                            attribute::produced_at,
                            attribute::audience,
                            attribute::issued_at,
                            attribute::expires,
                            attribute::integrity,
                            attribute::size_bytes,
                            attribute::listing,
                            attribute::problem,
                            attribute::password_tried,
                            attribute::library,
                            attribute::vendor,
                            attribute::language,
                            attribute::confidence,
                            attribute::linkage,
                            attribute::evidence,
                            attribute::end_of_life,
                            attribute::package,
                            attribute::software,
                            attribute::password_in_configuration};

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
    const json& value = assets::member_or_null(finding.attributes, name);
    if (std::string text = value.is_null() ? std::string() : value_text(value); !text.empty())
      add_property(component, name, std::move(text));
  }
  if (std::string kind = assets::opening_password_of(finding); !kind.empty()) add_property(component, "opens-with", std::move(kind));
  for (const Issue& issue : issues_of(finding)) {
    add_property(component, "issue:" + issue.code, std::string(to_string(issue.severity)) + ": " + issue.reason);
    if (issue.accepted) add_property(component, "accepted:" + issue.code, issue.accepted->reason + " (" + issue.accepted->by + ")");
  }
  if (const auto accepted = acceptance_in(finding.attributes))
    add_property(component, "accepted", accepted->reason + " (" + accepted->by + ")");
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

void add_material_times(const Finding& finding, json& properties) {
  const assets::Lifetime lifetime = assets::lifetime_of(finding);
  if (const std::string time = normal_time(lifetime.issued_at); !time.empty()) properties["creationDate"] = time;
  if (const std::string time = normal_time(lifetime.not_before); !time.empty()) properties["activationDate"] = time;
  if (const std::string time = normal_time(lifetime.expires); !time.empty()) properties["expirationDate"] = time;
}

bool compromised(const Finding& finding) {
  return std::ranges::any_of(issues_of(finding),
                             [](const Issue& issue) { return issue.code == "known-compromised" || issue.code == "published-key"; });
}

std::string algorithm_of(const Finding& finding, const assets::KeyKind& key, Graph& graph) {
  if (finding.type == FindingType::token) {
    const std::string name = assets::token_of(finding).algorithm;
    return name.empty() || name == "none" ? "" : add_algorithm(jose_algorithm(name), graph);
  }
  return key.type.empty() ? "" : add_algorithm(key_algorithm(key.type, key.size_bits, key.curve), graph);
}

void describe_material(const Finding& finding, const std::set<std::string>& refs, Graph& graph, json& component) {
  const assets::KeyKind key = assets::key_kind_of(finding);
  json properties{{"type", material_type(finding.type)}, {"id", finding.id}};
  if (key.size_bits > 0 && key.size_bits <= 1'000'000) properties["size"] = key.size_bits;
  const auto [encoding, format] = assets::form_of(finding);
  if (const std::string& form = format.empty() ? encoding : format; !form.empty()) properties["format"] = form;
  if (finding.type == FindingType::private_key || finding.type == FindingType::secret_key) {
    properties["securedBy"] = {{"mechanism", assets::is_encrypted(finding) ? "Software" : "None"}};
  }
  if (compromised(finding)) properties["state"] = "compromised";
  add_material_times(finding, properties);
  const std::string algorithm = algorithm_of(finding, key, graph);
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

std::string protocol_versions(const assets::ProtocolBounds& protocols) {
  if (!protocols.minimum.empty()) return protocols.minimum;
  std::string out;
  for (const std::string& each : protocols.enabled) out += (out.empty() ? "" : ", ") + each;
  return out;
}

/// Settings that speak of no protocol (Java's providers, GnuPG's preferences) are a file with properties.
void describe_settings(const Finding& finding, json& component) {
  const assets::CryptoConfiguration configuration = assets::crypto_configuration_of(finding);
  const bool ssh = configuration.software == assets::CryptoConfiguration::kOpenSsh;
  const std::string version = protocol_versions(configuration.protocols);
  const auto ciphers = allowed_ciphers(configuration.ciphers, ssh);
  add_property(component, attribute::settings, dump_json(assets::member_or_null(finding.attributes, attribute::settings)));
  if (!ssh && version.empty() && ciphers.empty()) {
    component["type"] = "file";
    return;
  }
  json properties{{"type", ssh ? "ssh" : "tls"}};
  if (!version.empty()) properties["version"] = version;
  for (const std::string& cipher : ciphers) properties["cipherSuites"].push_back({{"name", cipher}});
  component["cryptoProperties"] = {{"assetType", "protocol"}, {"protocolProperties", std::move(properties)}};
}

/// A program's settings, or Diffie-Hellman parameters.
void describe_configuration(const Finding& finding, const std::set<std::string>& refs, Graph& graph, json& component) {
  const bool settings = assets::member_or_null(finding.attributes, attribute::settings).is_object();
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
  const assets::Keystore keystore = assets::keystore_of(finding);
  for (const assets::KeystoreEntry& entry : keystore.entries) {
    for (const std::string& id : entry.certificates) {
      if (refs.contains("certificate:" + id)) link(graph, ref_of(finding), "certificate:" + id);
    }
    if (refs.contains("private-key:" + entry.key_id)) link(graph, ref_of(finding), "private-key:" + entry.key_id);
  }
  add_property(component, attribute::entries, std::to_string(keystore.entries.size()));
}

void describe_library(const Finding& finding, json& component) {
  const assets::CryptoLibrary library = assets::crypto_library_of(finding);
  component["type"] = "library";
  if (!library.name.empty()) component["name"] = library.name;
  if (!library.version.empty()) component["version"] = library.version;
  if (library.purl.starts_with("pkg:")) component["purl"] = library.purl;
}

}  // namespace

std::string ref_of(const Finding& finding) { return std::string(to_string(finding.type)) + ":" + finding.id; }

void add_property(json& component, const std::string& name, std::string value) {
  component["properties"].push_back({{"name", "landwaiter:" + name}, {"value", std::move(value)}});
}

std::string normal_time(std::string_view text) {
  const auto time = from_rfc3339(text);
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
