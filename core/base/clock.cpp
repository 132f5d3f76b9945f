// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>

namespace landwaiter {
namespace {

using namespace std::chrono;

/// Reads exactly `digits` digits at the front of `text` and drops them.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc() || end != text.data() + digits || text[0] == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// Digits beyond the microsecond are dropped.
bool take_fraction(std::string_view& text, microseconds& out) {
  if (!take_char(text, ".")) return true;
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  std::int64_t micros = 0;
  std::int64_t unit = 100'000;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    micros += (text[0] - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  out = microseconds(micros);
  return true;
}

bool take_offset(std::string_view& text, minutes& out) {
  if (take_char(text, "Zz")) return true;
  if (text.empty()) return false;
  const char sign = text[0];
  int hours_part = 0;
  int minutes_part = 0;
  if (!take_char(text, "+-") || !take_number(text, 2, hours_part) || !take_char(text, ":") || !take_number(text, 2, minutes_part)) {
    return false;
  }
  if (hours_part > 23 || minutes_part > 59) return false;
  out = minutes(hours_part * 60 + minutes_part) * (sign == '-' ? -1 : 1);
  return true;
}

}  // namespace

SystemTime RealClock::now() const { return time_point_cast<microseconds>(system_clock::now()); }
SteadyTime RealClock::steady_now() const { return steady_clock::now(); }

std::string to_rfc3339(SystemTime time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  std::array<char, 40> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return std::string(text.data(), static_cast<std::size_t>(size));
}

std::optional<SystemTime> from_rfc3339(std::string_view text) {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  const bool shape = take_number(text, 4, y) && take_char(text, "-") && take_number(text, 2, mo) && take_char(text, "-") &&
                     take_number(text, 2, d) && take_char(text, "Tt ") && take_number(text, 2, h) && take_char(text, ":") &&
                     take_number(text, 2, mi) && take_char(text, ":") && take_number(text, 2, s);
  if (!shape) return std::nullopt;
  microseconds fraction{0};
  minutes offset{0};
  if (!take_fraction(text, fraction) || !take_offset(text, offset) || !text.empty()) return std::nullopt;
  const year_month_day date(year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d)));
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return SystemTime(sys_days(date)) + hours(h) + minutes(mi) + seconds(s) + fraction - offset;
}

std::int64_t to_unix_us(SystemTime time) { return time.time_since_epoch().count(); }
SystemTime from_unix_us(std::int64_t microseconds_) { return SystemTime(microseconds(microseconds_)); }

}  // namespace landwaiter
