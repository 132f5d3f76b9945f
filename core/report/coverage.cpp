// SPDX-License-Identifier: Apache-2.0
#include "core/report/coverage.hpp"

#include "core/base/enum_names.hpp"

#include <algorithm>
#include <functional>

namespace landwaiter {
namespace {

constexpr EnumNames<CoverageState, 3> kStates{{
    {CoverageState::complete, "complete"},
    {CoverageState::not_opened, "not_opened"},
    {CoverageState::incomplete, "incomplete"},
}};

std::string counted(std::uint64_t count, std::string_view one, std::string_view more) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : more);
}

}  // namespace

std::string_view to_string(CoverageState state) { return name_of(kStates, state); }
std::optional<CoverageState> coverage_state_from(std::string_view name) { return value_of(kStates, name); }

CoverageState Coverage::state() const {
  if (incomplete > 0) return CoverageState::incomplete;
  return not_opened > 0 ? CoverageState::not_opened : CoverageState::complete;
}

Coverage& Coverage::operator+=(const Coverage& other) {
  not_opened += other.not_opened;
  incomplete += other.incomplete;
  return *this;
}

Coverage coverage_of(std::span<const Diagnostic> diagnostics) {
  Coverage out;
  for (const Diagnostic& each : diagnostics) {
    out.not_opened += each.effect == Effect::not_opened ? 1 : 0;
    out.incomplete += each.effect == Effect::incomplete ? 1 : 0;
  }
  return out;
}

std::string coverage_text(const Coverage& coverage) {
  const std::string files = counted(coverage.not_opened, "file or object was not opened", "files or objects were not opened");
  if (coverage.state() == CoverageState::complete) return {};
  if (coverage.state() == CoverageState::not_opened) return files;
  std::string out = "parts of it were not searched, so something may be missing (" +
                    counted(coverage.incomplete, "search ended early", "searches ended early");
  if (coverage.not_opened > 0) out += ", " + files;
  return out + ")";
}

void to_json(nlohmann::json& out, const Coverage& value) {
  out = nlohmann::json{{"state", to_string(value.state())}, {"not_opened", value.not_opened}, {"incomplete", value.incomplete}};
}

std::vector<Diagnostic> not_searched(std::span<const Diagnostic> diagnostics) {
  std::vector<Diagnostic> out;
  std::ranges::copy_if(diagnostics, std::back_inserter(out), [](const Diagnostic& each) { return each.effect != Effect::note; });
  std::ranges::stable_sort(out, std::greater<>(), &Diagnostic::effect);
  return out;
}

}  // namespace landwaiter
