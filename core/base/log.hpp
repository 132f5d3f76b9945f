// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace landwaiter {

enum class LogLevel { debug, info, warning, error };

/// Sets up logging to standard error, once, in main. `json`: one JSON object per line, otherwise "time level event key=value ...".
/// `level` is debug, info, warning or error; any other word means info.
void start_logging(std::string_view level, bool json);

/// Logs an event with its fields. The event is a fixed phrase to search for; everything variable is in the fields, which are escaped. A
/// Secret cannot be a field: it does not convert to JSON.
void log_event(LogLevel level, std::string_view event, const nlohmann::json& fields = nlohmann::json::object());

}  // namespace landwaiter
