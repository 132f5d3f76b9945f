// SPDX-License-Identifier: Apache-2.0
#include "registry/http/http_headers.hpp"

#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace landwaiter::registry {
namespace {

constexpr std::size_t kItemsMax = 32;
/// Retry-After in seconds beyond ten years is a point in time.
constexpr std::uint64_t kEpochFrom = 315'360'000;

bool is_token_char(char c) {
  const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return alnum || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Walks a header value by the grammar of RFC 9110 section 5.6.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  void skip_separators() {
    while (peek() == ' ' || peek() == '\t' || peek() == ',') ++at_;
  }
  bool take(char c) {
    if (at_end() || peek() != c) return false;
    ++at_;
    return true;
  }
  std::string_view token() {
    const std::size_t start = at_;
    while (!at_end() && is_token_char(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }
  std::string_view until(std::string_view stops) {
    const std::size_t start = at_;
    at_ = std::min(text_.find_first_of(stops, at_), text_.size());
    return text_.substr(start, at_ - start);
  }
  /// A token or quoted string.
  std::string value() {
    if (!take('"')) return std::string(until(" \t,;"));
    std::string out;
    while (!at_end() && peek() != '"') {
      if (peek() == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_++];
    }
    take('"');
    return out;
  }
  std::string_view rest() const { return text_.substr(at_); }
  void skip(std::size_t count) { at_ = std::min(at_ + count, text_.size()); }
  std::size_t position() const { return at_; }
  void go_to(std::size_t position) { at_ = position; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// name = value; otherwise nothing is consumed: it was the next challenge's scheme.
bool take_parameter(Cursor& cursor, std::map<std::string, std::string>& out) {
  const std::size_t start = cursor.position();
  const std::string name = to_lower(cursor.token());
  cursor.skip_space();
  if (name.empty() || !cursor.take('=')) {
    cursor.go_to(start);
    return false;
  }
  cursor.skip_space();
  std::string value = cursor.value();
  if (out.size() < kItemsMax) out.emplace(name, std::move(value));
  return true;
}

void parse_challenge_line(std::string_view line, std::vector<Challenge>& out) {
  Cursor cursor(line);
  cursor.skip_separators();
  while (!cursor.at_end() && out.size() < kItemsMax) {
    Challenge challenge;
    challenge.scheme = to_lower(cursor.token());
    if (challenge.scheme.empty()) return;
    cursor.skip_space();
    while (take_parameter(cursor, challenge.parameters)) cursor.skip_separators();
    out.push_back(std::move(challenge));
    const std::size_t before = cursor.position();
    cursor.skip_separators();
    // Next must be a scheme again; a token68 (Negotiate abc==) is skipped.
    if (cursor.position() == before && !is_token_char(cursor.peek())) {
      cursor.until(",");
      cursor.skip_separators();
    }
  }
}

bool has_relation(std::string_view relations, std::string_view wanted) {
  constexpr std::string_view spaces = " \t;,";
  while (!relations.empty()) {
    const std::size_t end = std::min(relations.find_first_of(spaces), relations.size());
    if (iequals(relations.substr(0, end), wanted)) return true;
    relations.remove_prefix(std::min(end + 1, relations.size()));
  }
  return false;
}

/// One link of a Link header, and its relations if it says any.
struct Link {
  std::string target;
  std::optional<std::string> relations;
};

/// "; name = value", where a semicolon is missing as well. False if there is none.
bool take_link_parameter(Cursor& cursor, Link& link) {
  while (cursor.peek() == ' ' || cursor.peek() == '\t' || cursor.peek() == ';') cursor.skip(1);
  const std::string name = to_lower(cursor.token());
  if (name.empty()) return false;
  cursor.skip_space();
  if (!cursor.take('=')) return true;
  cursor.skip_space();
  std::string value;
  if (cursor.take('\'')) {
    value = cursor.until("'");
    cursor.skip(1);
  } else {
    value = cursor.value();
  }
  if (name == "rel" && !value.empty()) link.relations = link.relations.value_or("") + ' ' + value;
  return true;
}

/// Where a reference without brackets ends: before the first parameter that links have. Its own query may contain commas and semicolons.
std::size_t end_of_bare_target(std::string_view text) {
  constexpr std::array<std::string_view, 7> names{"rel", "rev", "title", "title*", "anchor", "type", "hreflang"};
  for (std::size_t at = text.find(';'); at != std::string_view::npos; at = text.find(';', at + 1)) {
    Cursor rest(text.substr(at + 1));
    rest.skip_space();
    const std::string name = to_lower(rest.token());
    rest.skip_space();
    if (rest.take('=') && std::ranges::find(names, name) != names.end()) return at;
  }
  return text.size();
}

/// A bracket closes if a parameter, another link or nothing follows: a query may contain it as well.
std::size_t end_of_target(std::string_view text) {
  for (std::size_t at = text.find('>'); at != std::string_view::npos; at = text.find('>', at + 1)) {
    const std::string_view rest = trim(text.substr(at + 1));
    if (rest.empty() || rest.front() == ';' || rest.front() == ',' || iequals(rest.substr(0, 3), "rel")) return at;
  }
  return std::string_view::npos;
}

/// False if the rest of the line cannot be read.
bool take_link(Cursor& cursor, Link& link) {
  if (cursor.take('<')) {
    const std::size_t end = end_of_target(cursor.rest());
    if (end == std::string_view::npos) return false;
    link.target = trim(cursor.rest().substr(0, end));
    cursor.skip(end + 1);
  } else {
    const std::size_t end = end_of_bare_target(cursor.rest());
    link.target = trim(cursor.rest().substr(0, end));
    cursor.skip(end);
    // As a reference it would be some path below this one.
    if (link.target.find_first_of("/?") == std::string::npos) return false;
  }
  while (take_link_parameter(cursor, link)) {
  }
  return cursor.at_end() || cursor.peek() == ',';
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return out;
}

/// Seconds per unit in Go's notation; nothing for any other.
std::optional<double> take_unit(std::string_view& text) {
  constexpr std::array<std::pair<std::string_view, double>, 8> units{
      {{"ms", 1e-3}, {"us", 1e-6}, {"\xc2\xb5s", 1e-6}, {"\xce\xbcs", 1e-6}, {"ns", 1e-9}, {"h", 3600.0}, {"m", 60.0}, {"s", 1.0}}};
  for (const auto& [name, seconds] : units) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return seconds;
  }
  return std::nullopt;
}

/// "1.5" seconds, or Go's "1m30s" and "880.092µs".
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double total = 0;
  bool units = false;
  do {
    double value = 0;
    // Must start with a digit, because from_chars also reads "inf".
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto unit = take_unit(text);
    if (!unit && (units || !text.empty())) return std::nullopt;
    units = true;
    total += value * unit.value_or(1.0);
  } while (!text.empty());
  if (!(total < static_cast<double>(kEpochFrom))) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(total * 1000)));
}

}  // namespace

std::string Challenge::parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(const std::vector<std::string>& lines) {
  std::vector<Challenge> out;
  for (const std::string& line : lines) parse_challenge_line(line, out);
  return out;
}

NextLink next_link(const std::vector<std::string>& lines) {
  NextLink unnamed;
  NextLink unreadable;
  for (const std::string& line : lines) {
    Cursor cursor(line);
    for (cursor.skip_separators(); !cursor.at_end(); cursor.skip_separators()) {
      Link link;
      if (!take_link(cursor, link)) {
        unreadable = {.kind = NextLink::Kind::unreadable, .target = line};
        break;
      }
      if (link.relations && has_relation(*link.relations, "next")) return {.kind = NextLink::Kind::found, .target = std::move(link.target)};
      if (!link.relations && unnamed.kind == NextLink::Kind::none) unnamed = {.kind = NextLink::Kind::found, .target = link.target};
    }
  }
  return unreadable.kind == NextLink::Kind::unreadable ? unreadable : unnamed;
}

std::optional<SystemTime> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto day = number<unsigned>(text.substr(5, 2));
  const auto month = std::ranges::find(months, text.substr(8, 3));
  const auto year = number<int>(text.substr(12, 4));
  const auto hour = number<int>(text.substr(17, 2));
  const auto minute = number<int>(text.substr(20, 2));
  const auto second = number<int>(text.substr(23, 2));
  if (!day || month == months.end() || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                         std::chrono::day(*day)};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, SystemTime now) {
  using std::chrono::milliseconds;
  const std::string_view text = trim(value);
  std::optional<SystemTime> when;
  if (const auto seconds = number<std::uint64_t>(text)) {
    if (*seconds < kEpochFrom) return milliseconds(*seconds * 1000);
    if (*seconds > 100 * kEpochFrom) return std::nullopt;
    when = SystemTime(std::chrono::seconds(*seconds));
  } else {
    when = parse_http_date(text);
  }
  if (!when) return parse_duration(text);
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*when - now));
}

std::optional<std::chrono::milliseconds> retry_hint(std::string_view text) {
  constexpr std::string_view name = "retry-after:";
  const std::size_t found = to_lower(text).find(name);
  if (found == std::string::npos) return std::nullopt;
  text = trim(text.substr(found + name.size()));
  return parse_duration(text.substr(0, text.find_first_of(" ,;\"\\\r\n")));
}

std::optional<RateLimit> parse_rate_limit(std::string_view value) {
  Cursor cursor(trim(value));
  const auto remaining = number<std::uint64_t>(cursor.token());
  if (!remaining) return std::nullopt;
  RateLimit out;
  out.remaining = *remaining;
  cursor.skip_space();
  while (cursor.take(';')) {
    cursor.skip_space();
    const std::string name = to_lower(cursor.token());
    const std::string window = cursor.take('=') ? cursor.value() : std::string();
    const auto seconds = number<std::uint32_t>(window);
    if (name == "w" && seconds) out.window = std::chrono::seconds(*seconds);
    cursor.skip_space();
  }
  return out;
}

std::optional<ContentRange> parse_content_range(std::string_view value) {
  std::string_view text = trim(value);
  if (!iequals(text.substr(0, 6), "bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return std::nullopt;
  const auto first = number<std::uint64_t>(text.substr(0, dash));
  const auto last = number<std::uint64_t>(text.substr(dash + 1, slash - dash - 1));
  const auto total = number<std::uint64_t>(text.substr(slash + 1));
  if (!first || !last || !total || *first > *last || *last >= *total) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

}  // namespace landwaiter::registry
