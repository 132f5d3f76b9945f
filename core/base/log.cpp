// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hpp"

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace landwaiter {
namespace {

constexpr const char* kLogger = "landwaiter";

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// Whether lines are JSON; like the logger's pattern it is set once, before any thread logs.
std::atomic<bool> json_lines = false;

std::string text_line(LogLevel level, std::string_view event, const nlohmann::json& fields) {
  std::string line = to_rfc3339(RealClock().now()) + " " + std::string(spdlog::level::to_string_view(spdlog_level(level)).data()) + " " +
                     std::string(event);
  for (const auto& [key, value] : fields.items()) {
    const std::string text = value.is_string() ? printable(value.get<std::string>()) : dump_json(value);
    const bool quote = text.empty() || text.find(' ') != std::string::npos;
    line += " " + key + "=" + (quote ? '"' + text + '"' : text);
  }
  return line;
}

std::string json_line(LogLevel level, std::string_view event, const nlohmann::json& fields) {
  nlohmann::json line = fields;
  line["time"] = to_rfc3339(RealClock().now());
  line["level"] = spdlog::level::to_string_view(spdlog_level(level)).data();
  line["event"] = event;
  return dump_json(line);
}

}  // namespace

void start_logging(std::string_view level, bool json) {
  auto logger = spdlog::get(kLogger) ? spdlog::get(kLogger) : spdlog::stderr_logger_mt(kLogger);
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::from_str(std::string(level)) == spdlog::level::off ? spdlog::level::info
                                                                                      : spdlog::level::from_str(std::string(level)));
  json_lines = json;
}

void log_event(LogLevel level, std::string_view event, const nlohmann::json& fields) {
  const auto logger = spdlog::get(kLogger);
  if (!logger || !logger->should_log(spdlog_level(level))) return;
  const std::string line = json_lines ? json_line(level, event, fields) : text_line(level, event, fields);
  logger->log(spdlog_level(level), "{}", line);
}

}  // namespace landwaiter
