// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace landwaiter {

/// A kind of question that is asked of a layer. Each has rules that change at their own pace, so results are kept, claimed, reused
/// and pruned for each of them on its own.
enum class Analysis : std::uint8_t { cryptography, secrets, packages, configuration };

inline constexpr std::array<Analysis, 4> kAllAnalyses{Analysis::cryptography, Analysis::secrets, Analysis::packages,
                                                      Analysis::configuration};

std::string_view to_string(Analysis analysis);
std::optional<Analysis> analysis_from(std::string_view name);

/// An analysis with the digest over everything that decides what it finds: with the same state, the same layer gives the same report.
struct AnalysisState {
  Analysis analysis = Analysis::cryptography;
  Digest state;
  auto operator<=>(const AnalysisState&) const = default;
};

/// Sorted, each analysis at most once. As JSON an object: {"cryptography": "sha256:..."}.
using AnalysisStates = std::vector<AnalysisState>;

/// Null when `states` does not have the analysis.
const Digest* state_of(std::span<const AnalysisState> states, Analysis analysis);

/// Everything that decides what a scan gives: the walker for a layer's facts, the states for its reports.
struct EngineState {
  Digest walker;
  AnalysisStates states;
  bool operator==(const EngineState&) const = default;
};

/// Parts of what can be known of a layer.
struct LayerParts {
  bool facts = false;
  std::vector<Analysis> analyses;  ///< their reports

  bool none() const { return !facts && analyses.empty(); }
  bool has(Analysis analysis) const;
  bool operator==(const LayerParts&) const = default;
};
LayerParts all_parts(const EngineState& engine);
/// Those of `parts` that are in `others` (with `inside`), or not.
LayerParts split(const LayerParts& parts, const LayerParts& others, bool inside);

nlohmann::json states_to_json(std::span<const AnalysisState> states);
/// The field `name` of `in`. Analyses that this version does not know are left out, because the other side may be newer. To be used
/// within read_json_fields: throws json::other_error for an invalid digest.
AnalysisStates states_from_json(const nlohmann::json& in, const char* name);

}  // namespace landwaiter
