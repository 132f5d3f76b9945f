// SPDX-License-Identifier: Apache-2.0
#include "core/report/analysis.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <string>

namespace landwaiter {

using nlohmann::json;

namespace {

constexpr std::array<std::string_view, kAllAnalyses.size()> kNames{"cryptography", "secrets", "packages", "configuration"};

}  // namespace

std::string_view to_string(Analysis analysis) { return kNames.at(static_cast<std::size_t>(analysis)); }

std::optional<Analysis> analysis_from(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return kAllAnalyses.at(static_cast<std::size_t>(found - kNames.begin()));
}

const Digest* state_of(std::span<const AnalysisState> states, Analysis analysis) {
  const auto found = std::ranges::find(states, analysis, &AnalysisState::analysis);
  return found == states.end() ? nullptr : &found->state;
}

bool LayerParts::has(Analysis analysis) const { return std::ranges::find(analyses, analysis) != analyses.end(); }

LayerParts all_parts(const EngineState& engine) {
  LayerParts parts;
  parts.facts = true;
  for (const AnalysisState& one : engine.states) parts.analyses.push_back(one.analysis);
  return parts;
}

LayerParts split(const LayerParts& parts, const LayerParts& others, bool inside) {
  LayerParts out;
  out.facts = parts.facts && others.facts == inside;
  std::ranges::copy_if(parts.analyses, std::back_inserter(out.analyses), [&](Analysis one) { return others.has(one) == inside; });
  return out;
}

json states_to_json(std::span<const AnalysisState> states) {
  json out = json::object();
  for (const AnalysisState& one : states) out[std::string(to_string(one.analysis))] = one.state.str();
  return out;
}

AnalysisStates states_from_json(const json& in, const char* name) {
  const json& object = in.at(name);
  if (!object.is_object()) throw json::other_error::create(501, std::string(name) + " is not an object", nullptr);
  AnalysisStates states;
  for (const Analysis analysis : kAllAnalyses) {
    const auto found = object.find(std::string(to_string(analysis)));
    if (found == object.end()) continue;
    auto state = Digest::parse(found->get<std::string>());
    if (!state) throw json::other_error::create(501, std::string(name) + ": " + state.error().message(), nullptr);
    states.push_back({analysis, *std::move(state)});
  }
  return states;
}

}  // namespace landwaiter
