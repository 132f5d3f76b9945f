// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"
#include "core/report/package.hpp"

#include <cstdint>

namespace landwaiter {

/// About how much memory a value takes while a layer is read and its report is made, growing lists included: never much less. Depends on
/// the value alone.
std::uint64_t memory_of(const std::string& text);
std::uint64_t memory_of(const nlohmann::json& value);
std::uint64_t memory_of(const Occurrence& occurrence);
/// Without its occurrences.
std::uint64_t memory_of_facts(const Finding& finding);
std::uint64_t memory_of(const Finding& finding);
std::uint64_t memory_of(const Package& package);

}  // namespace landwaiter
