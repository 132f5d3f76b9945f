// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace landwaiter {

/// How far an image or a layer was searched, from the best to the worst.
enum class CoverageState : std::uint8_t {
  complete,    ///< all of it
  not_opened,  ///< but for single files, which are damaged, encrypted or of a kind that is not opened
  incomplete,  ///< a search ended early: "nothing found" means nothing
};

std::string_view to_string(CoverageState state);
std::optional<CoverageState> coverage_state_from(std::string_view name);

/// The verdict on a report as a whole, by its diagnostics: an exit code, a state on the platform and a line in each format follow from it.
struct Coverage {
  std::uint64_t not_opened = 0;  ///< diagnostics of each kind
  std::uint64_t incomplete = 0;

  CoverageState state() const;
  Coverage& operator+=(const Coverage& other);
};

Coverage coverage_of(std::span<const Diagnostic> diagnostics);
inline Coverage coverage_of(const ImageReport& image) { return coverage_of(image.diagnostics); }

/// "parts of it were not searched, so something may be missing (2 searches ended early)", "1 file or object was not opened"; empty if all
/// was searched.
std::string coverage_text(const Coverage& coverage);

/// {"state","not_opened","incomplete"}
void to_json(nlohmann::json& out, const Coverage& value);

/// What a reader of a report must know, worst first: all that is more than a note.
std::vector<Diagnostic> not_searched(std::span<const Diagnostic> diagnostics);

}  // namespace landwaiter
