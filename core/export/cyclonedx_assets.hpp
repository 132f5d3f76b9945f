// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/algorithms.hpp"
#include "core/export/cyclonedx.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <string>

namespace landwaiter::exports {

/// Components by bom-ref, and the dependencies of each, both ordered.
struct Graph {
  CycloneDxVersion version = CycloneDxVersion::v1_6;
  std::map<std::string, nlohmann::json> components;
  std::map<std::string, std::set<std::string>> depends_on;
};

/// "certificate:sha256:..."
std::string ref_of(const Finding& finding);
/// "landwaiter:<name>"
void add_property(nlohmann::json& component, const std::string& name, std::string value);

/// The bom-ref of the algorithm; creates its component if needed.
std::string add_algorithm(const Algorithm& algorithm, Graph& graph);

/// "public-key:spki-sha256:<hex>" of the key in a certificate, with a component of its own if no finding is that key; empty if unknown.
std::string add_public_key(const Finding& certificate, Graph& graph);
/// `certificateProperties` and `hashes` of a certificate's component.
void describe_certificate(const Finding& finding, const std::set<std::string>& refs, Graph& graph, nlohmann::json& component);
/// Normalized RFC 3339; empty if the text is not a time.
std::string normal_time(std::string_view text);
/// 64 hexadecimal digits, or empty.
std::string sha256_of(std::string_view text);
/// Adds {"type","ref"} to an asset's related assets, in the form of version 1.7.
void relate(nlohmann::json& properties, const char* type, const std::string& ref);
void link(Graph& graph, const std::string& from, const std::string& to);

/// The component of a finding without its places, with those of its algorithms and public key, and its edges. `ids` are the refs of all
/// findings of the image, so no edge points to a missing component.
nlohmann::json make_component(const Finding& finding, const std::set<std::string>& refs, Graph& graph);

}  // namespace landwaiter::exports
