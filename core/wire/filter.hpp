// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Filters for a registry's content: by name, by push time, by platform.
namespace landwaiter {

/// Whether a name meets a pattern: `*` stands for any characters (including none and "/"), `?` for one. Upper and lower case differ. The
/// pattern ".*" alone means the same as "*".
bool matches_wildcard(std::string_view name, std::string_view pattern);

/// Names to include and names to exclude.
struct NameFilter {
  std::vector<std::string> include;  ///< patterns; none means all names
  std::vector<std::string> exclude;  ///< patterns; takes precedence over `include`

  bool wants(std::string_view name) const;
};

/// What a person should know of a listing whose repositories were filtered, if it is not as they meant: that none of those matched, or why
/// some pattern never can. Empty otherwise.
std::string note_on_repositories(const NameFilter& filter, std::uint64_t matched, std::uint64_t others);

/// From `after` (included) to `before` (not included); an absent bound is open.
struct TimeWindow {
  std::optional<SystemTime> after;
  std::optional<SystemTime> before;

  bool all() const { return !after && !before; }
  bool contains(SystemTime time) const { return (!after || time >= *after) && (!before || time < *before); }
};

/// "all", "today", "yesterday", "last-7-days", "last-14-days", "last-30-days". A day begins at midnight of the clock that is `offset`
/// ahead of UTC; the last N days are N times 24 hours before `now`. Error: invalid_argument.
Result<TimeWindow> named_window(std::string_view name, SystemTime now, std::chrono::minutes offset);
/// The last N days, from 1 to limits::window_days_max.
Result<TimeWindow> last_days(std::int64_t days, SystemTime now);
/// Ends are dates ("2026-11-21": that whole day in `offset`, also as the window's last) or RFC 3339 instants; an empty end is open,
/// not both.
Result<TimeWindow> window_between(std::string_view from, std::string_view to, std::chrono::minutes offset);
/// As a user writes it: a name, a number of days, or FROM..TO.
Result<TimeWindow> parse_window(std::string_view text, SystemTime now, std::chrono::minutes offset);
/// "+02:00", "-05:30", "Z" or "UTC", at most 14 hours.
Result<std::chrono::minutes> parse_offset(std::string_view text);

/// Whether `platform` ("linux/arm64/v8") is one of `wanted`: "linux/arm64" matches all its variants, and arm64 without a variant is v8;
/// aliases of architectures are recognized ("x86_64", "aarch64"). True if `wanted` is empty or the platform is unknown.
bool matches_platform(std::string_view platform, const std::vector<std::string>& wanted);
/// "os/architecture[/variant]". Error: invalid_argument.
Result<void> check_platform(std::string_view text);

}  // namespace landwaiter
