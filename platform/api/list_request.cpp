// SPDX-License-Identifier: Apache-2.0
#include "platform/api/list_request.hpp"

#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/wire/filter.hpp"
#include "core/wire/registry_kinds.hpp"
#include "platform/http/call.hpp"

namespace landwaiter::platform {
namespace {

using nlohmann::json;

constexpr std::size_t kCredentialsBytesMax = 64 * limits::KiB;
constexpr std::int64_t kOffsetMinutesMax = 14 * 60;

Error bad_field(const char* name, const Error& why) {
  return {ErrorCode::invalid_argument, std::string("field ") + name + ": " + why.message()};
}

Result<void> read_patterns(const json& body, const char* name, std::size_t bytes_max, std::vector<std::string>& out) {
  auto patterns = optional_texts(body, name, limits::patterns_max);
  if (!patterns) return patterns.error();
  for (const std::string& pattern : *patterns) {
    if (!pattern.empty() && pattern.size() <= bytes_max) continue;
    return Error(ErrorCode::invalid_argument,
                 std::string("field ") + name + ": a pattern has from 1 to " + std::to_string(bytes_max) + " bytes");
  }
  out = *std::move(patterns);
  return {};
}

Result<void> read_platforms(const json& body, std::vector<std::string>& out) {
  auto platforms = optional_texts(body, "platforms", limits::platforms_max);
  if (!platforms) return platforms.error();
  for (const std::string& platform : *platforms) {
    auto valid = check_platform(platform);
    if (!valid) return bad_field("platforms", valid.error());
  }
  out = *std::move(platforms);
  return {};
}

/// A window's name, {"days": N}, or {"from": ..., "to": ...}.
Result<TimeWindow> window_from(const json& pushed, SystemTime now, std::chrono::minutes offset) {
  if (pushed.is_string()) return named_window(pushed.get_ref<const std::string&>(), now, offset);
  if (!pushed.is_object()) return Error(ErrorCode::invalid_argument, "it must be a window's name, or an object of days, or of from and to");
  for (const auto& [name, value] : pushed.items()) {
    if (name != "days" && name != "from" && name != "to") {
      return Error(ErrorCode::invalid_argument, "it has no member " + quoted(name, 40));
    }
  }
  if (pushed.contains("days")) {
    if (pushed.size() != 1) return Error(ErrorCode::invalid_argument, "days cannot be combined with from and to");
    const auto days = optional_number(pushed, "days", 0, 1, static_cast<std::int64_t>(limits::window_days_max));
    if (!days) return days.error();
    return last_days(*days, now);
  }
  const auto from = optional_text(pushed, "from", limits::name_bytes_max);
  if (!from) return from.error();
  const auto to = optional_text(pushed, "to", limits::name_bytes_max);
  if (!to) return to.error();
  return window_between(*from, *to, offset);
}

Result<void> read_window(const json& body, SystemTime now, protocol::ListWork& work) {
  const auto offset = optional_number(body, "time_zone", 0, -kOffsetMinutesMax, kOffsetMinutesMax);
  if (!offset) return offset.error();
  const auto pushed = body.find("pushed");
  if (pushed == body.end() || pushed->is_null()) return {};
  const auto window = window_from(*pushed, now, std::chrono::minutes(*offset));
  if (!window) return bad_field("pushed", window.error());
  if (window->after) work.pushed_after = to_rfc3339(*window->after);
  if (window->before) work.pushed_before = to_rfc3339(*window->before);
  return {};
}

}  // namespace

Result<protocol::ListWork> list_work_from(const json& body, SystemTime now) {
  if (!body.is_object()) return Error(ErrorCode::invalid_argument, "the request's body must be a JSON object");
  protocol::ListWork work;
  auto read = read_patterns(body, "repositories", limits::repository_name_bytes_max, work.repositories);
  if (read) read = read_patterns(body, "exclude_repositories", limits::repository_name_bytes_max, work.exclude_repositories);
  if (read) read = read_patterns(body, "tags", limits::tag_bytes_max, work.tags);
  if (read) read = read_patterns(body, "exclude_tags", limits::tag_bytes_max, work.exclude_tags);
  if (read) read = read_platforms(body, work.platforms);
  if (read) read = read_window(body, now, work);
  if (!read) return read.error();
  const auto newest = optional_number(body, "newest", 0, 1, static_cast<std::int64_t>(limits::newest_max));
  if (!newest) return newest.error();
  work.newest = static_cast<std::uint64_t>(*newest);
  return work;
}

Result<std::string> registry_kind_from(const json& body) {
  auto kind = optional_text(body, "kind", limits::name_bytes_max);
  if (!kind) return kind.error();
  if (kind->empty()) return std::string(kRegistryKinds.front().name);
  if (is_registry_kind(*kind)) return kind;
  std::string known;
  for (const std::string& name : registry_kind_names()) known += (known.empty() ? "" : ", ") + name;
  return Error(ErrorCode::invalid_argument, "field kind: no such kind of registry: " + quoted(*kind, 40) + "; there are " + known);
}

Result<Credentials> credentials_from(json& body) {
  const auto username = optional_text(body, "username", limits::name_bytes_max);
  if (!username) return username.error();
  auto password = take_secret(body, "password");
  if (!password) return password.error();
  auto token = take_secret(body, "token");
  if (!token) return token.error();
  Credentials login = Credentials::from_login(*username, *std::move(password), *std::move(token));
  const auto given = body.find("credentials");
  if (given == body.end() || given->is_null()) return login;
  if (!given->is_object()) return Error(ErrorCode::invalid_argument, "field credentials must be an object");
  const Secret text(dump_json(*given));
  wipe_texts(*given);
  if (!login.anonymous())
    return Error(ErrorCode::invalid_argument, "field credentials cannot be combined with username, password and token");
  if (text.reveal().size() > kCredentialsBytesMax) return Error(ErrorCode::invalid_argument, "field credentials is too long");
  auto credentials = parse_credentials(text);
  if (!credentials) return Error(ErrorCode::invalid_argument, "field " + credentials.error().message());
  return credentials;
}

}  // namespace landwaiter::platform
