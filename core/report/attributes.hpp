// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter {

/// Readers of a finding's attributes, which may come from outside and contain anything under any name: a missing attribute or one of
/// another type reads as nothing. `attributes` need not even be an object.
std::string text_attribute(const nlohmann::json& attributes, const char* name);
bool flag_attribute(const nlohmann::json& attributes, const char* name);
std::optional<std::uint64_t> count_attribute(const nlohmann::json& attributes, const char* name);
/// The strings of a list; members of another type are skipped.
std::vector<std::string> texts_attribute(const nlohmann::json& attributes, const char* name);
std::optional<SystemTime> time_attribute(const nlohmann::json& attributes, const char* name);

}  // namespace landwaiter
