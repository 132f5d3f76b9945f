// SPDX-License-Identifier: Apache-2.0
#include "core/wire/filter.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace landwaiter {
namespace {

using std::chrono::days;
using std::chrono::minutes;

constexpr std::size_t kPlatformBytesMax = 200;
constexpr minutes kOffsetMax{14 * 60};

SystemTime midnight(SystemTime now, minutes offset) { return SystemTime(std::chrono::floor<days>(now + offset)) - offset; }

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// An instant, or the beginning of a date's day; with `whole_day` its end.
Result<SystemTime> parse_end(std::string_view text, minutes offset, bool whole_day) {
  if (const auto instant = from_rfc3339(text)) return *instant;
  if (const auto day = from_rfc3339(std::string(text) + "T00:00:00Z")) return *day - offset + days(whole_day ? 1 : 0);
  return Error(ErrorCode::invalid_argument, "not a date (2026-11-21) or an RFC 3339 timestamp: " + quoted(text, 40));
}

/// A platform in normal form: common architecture names, and no variant if there is only one.
std::string plain_platform(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> other_names{
      {{"x86_64", "amd64"}, {"x86-64", "amd64"}, {"aarch64", "arm64"}, {"i386", "386"}}};
  std::string platform = to_lower(trim(text));
  for (const auto& [other, name] : other_names) {
    const std::size_t at = platform.find('/' + std::string(other));
    const std::size_t end = at + 1 + other.size();
    if (at != std::string::npos && (end == platform.size() || platform[end] == '/')) platform.replace(at + 1, other.size(), name);
  }
  if (platform.ends_with("/arm64/v8")) platform.resize(platform.size() - 3);
  return platform;
}

}  // namespace

bool matches_wildcard(std::string_view name, std::string_view pattern) {
  if (pattern == ".*") return true;
  std::size_t n = 0;
  std::size_t p = 0;
  // The last star and how much of the name it took so far: on a mismatch it takes one more. Earlier stars need no second attempt.
  std::size_t star = std::string_view::npos;
  std::size_t taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++n;
      ++p;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool NameFilter::wants(std::string_view name) const {
  const auto meets = [name](const std::string& pattern) { return matches_wildcard(name, pattern); };
  return (include.empty() || std::ranges::any_of(include, meets)) && std::ranges::none_of(exclude, meets);
}

Result<TimeWindow> last_days(std::int64_t count, SystemTime now) {
  if (count < 1 || count > static_cast<std::int64_t>(limits::window_days_max)) {
    return Error(ErrorCode::invalid_argument, "the number of days must be from 1 to " + std::to_string(limits::window_days_max));
  }
  return TimeWindow{now - days(count), std::nullopt};
}

std::string note_on_repositories(const NameFilter& filter, std::uint64_t matched, std::uint64_t others) {
  const auto upper = std::ranges::find_if(
      filter.include, [](const std::string& pattern) { return std::ranges::any_of(pattern, [](char c) { return c >= 'A' && c <= 'Z'; }); });
  if (upper != filter.include.end()) {
    return "the filter " + landwaiter::quoted(*upper) + " can match no repository, because their names have no upper-case letters";
  }
  if (matched > 0 || others == 0) return {};
  return others == 1 ? "the only repository of the registry does not match the filter"
                     : "none of the registry's " + std::to_string(others) + " repositories matches the filter";
}

Result<TimeWindow> named_window(std::string_view name, SystemTime now, minutes offset) {
  const SystemTime today = midnight(now, offset);
  if (name == "all") return TimeWindow{};
  if (name == "today") return TimeWindow{today, std::nullopt};
  if (name == "yesterday") return TimeWindow{today - days(1), today};
  for (const int count : {7, 14, 30}) {
    if (name == "last-" + std::to_string(count) + "-days") return last_days(count, now);
  }
  return Error(ErrorCode::invalid_argument,
               "no such window: " + quoted(name, 40) + "; there are all, today, yesterday, last-7-days, last-14-days and last-30-days");
}

Result<TimeWindow> window_between(std::string_view from, std::string_view to, minutes offset) {
  TimeWindow window;
  if (from.empty() && to.empty()) return Error(ErrorCode::invalid_argument, "a window needs a start or an end");
  if (!from.empty()) {
    const auto after = parse_end(from, offset, false);
    if (!after) return after.error();
    window.after = *after;
  }
  if (!to.empty()) {
    const auto before = parse_end(to, offset, true);
    if (!before) return before.error();
    window.before = *before;
  }
  if (window.after && window.before && *window.after >= *window.before) {
    return Error(ErrorCode::invalid_argument, "the window ends before it starts");
  }
  return window;
}

Result<TimeWindow> parse_window(std::string_view text, SystemTime now, minutes offset) {
  if (const auto count = number_of(text)) return last_days(*count, now);
  const std::size_t dots = text.find("..");
  if (dots != std::string_view::npos) return window_between(text.substr(0, dots), text.substr(dots + 2), offset);
  return named_window(text, now, offset);
}

Result<minutes> parse_offset(std::string_view text) {
  if (text == "Z" || text == "UTC") return minutes(0);
  // Parsed as part of an RFC 3339 timestamp.
  const auto shifted = from_rfc3339("2000-01-02T00:00:00" + std::string(text));
  const auto utc = from_rfc3339("2000-01-02T00:00:00Z");
  if (!shifted || text.starts_with('.') || text.starts_with('z')) {
    return Error(ErrorCode::invalid_argument, "not an offset from UTC like +02:00: " + quoted(text, 40));
  }
  const minutes offset = std::chrono::duration_cast<minutes>(*utc - *shifted);
  if (std::chrono::abs(offset) > kOffsetMax) return Error(ErrorCode::invalid_argument, "an offset from UTC is at most 14 hours");
  return offset;
}

bool matches_platform(std::string_view platform, const std::vector<std::string>& wanted) {
  if (wanted.empty() || platform.empty()) return true;
  const std::string there = plain_platform(platform);
  return std::ranges::any_of(wanted, [&there](const std::string& one) {
    const std::string asked = plain_platform(one);
    return there == asked || (there.starts_with(asked) && there[asked.size()] == '/');
  });
}

Result<void> check_platform(std::string_view text) {
  const auto slashes = std::ranges::count(text, '/');
  const bool parts = slashes >= 1 && slashes <= 2 && !text.starts_with('/') && !text.ends_with('/') && text.find("//") == text.npos;
  const bool plain =
      std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '/' || c == '.' || c == '_' || c == '-'; });
  if (parts && plain && text.size() <= kPlatformBytesMax) return {};
  return Error(ErrorCode::invalid_argument, "not a platform like linux/amd64: " + quoted(text, 60));
}

}  // namespace landwaiter
