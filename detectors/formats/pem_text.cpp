// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/pem_text.hpp"

#include "core/base/encoding.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace landwaiter::detectors::pem {
namespace {

/// A line of a body has 64 or 76 characters of base64, and some writers take fewer. Nothing around it has as many in one piece.
constexpr std::size_t kBodyRun = 40;

/// Comments and times of logs are shorter.
constexpr std::size_t kFrontMax = 120;
/// The largest armor, in lines of 40 characters.
constexpr std::size_t kLinesMax = 60'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
bool is_break(char c) { return c == '\n' || c == '\r'; }

/// Where the first piece of base64 starts that is long enough for a body; npos if there is none.
std::size_t body_run(std::string_view text) {
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    run = is_base64(text[i]) ? run + 1 : 0;
    if (run == kBodyRun) return i + 1 - kBodyRun;
  }
  return std::string_view::npos;
}

template <class Is>
std::size_t run_of(std::string_view text, std::size_t at, Is is) {
  std::size_t end = at;
  while (end < text.size() && is(text[end])) ++end;
  return end - at;
}

/// The size of the line's front that is like `front`: the same characters, other numbers, other spaces. Nothing if it is not like it.
std::optional<std::size_t> like(std::string_view front, std::string_view line) {
  std::size_t i = 0, j = 0;
  while (i < front.size()) {
    const std::size_t digits = run_of(front, i, is_digit), blanks = run_of(front, i, is_blank);
    if (digits > 0) {
      const std::size_t has = run_of(line, j, is_digit);
      // At the end, more digits may be of the body.
      const bool last = i + digits == front.size();
      if (has == 0 || (last && has < digits)) return std::nullopt;
      i += digits;
      j += last ? digits : has;
    } else if (blanks > 0) {
      // A longer number leaves less room for spaces before it, and empty lines have none behind the last character.
      const std::size_t has = run_of(line, j, is_blank);
      i += blanks;
      if (has == 0 && i < front.size() && !is_digit(front[i])) return std::nullopt;
      j += has;
    } else {
      if (j == line.size() || line[j] != front[i]) return std::nullopt;
      ++i;
      ++j;
    }
  }
  return j;
}

bool all_blank(std::string_view line) { return std::ranges::all_of(line, is_pem_space); }

/// Takes off what all lines of a block begin and end with.
class Frame {
 public:
  Frame(std::string_view before, std::string_view raw) {
    // The rest of BEGIN's line is the first, what stands before END the last.
    for (std::size_t at = 0; at <= raw.size() && lines_.size() <= kLinesMax;) {
      const std::size_t size = run_of(raw, at, [](char c) { return !is_break(c); });
      lines_.push_back(raw.substr(at, size));
      at += size + 1;
    }
    if (lines_.size() < 3 || lines_.size() > kLinesMax || body_run(lines_.front()) != std::string_view::npos) return;
    const std::string_view near = before.substr(before.size() - std::min(before.size(), kFrontMax));
    const std::string_view front = near.substr(near.find_last_of("\r\n") + 1);
    // BEGIN may stand behind something else than the lines do.
    for (const std::string_view candidate : {front, lines_.back(), front_of_body()}) {
      if (front_.empty() && begins_all(candidate)) front_ = candidate;
    }
    back_ = common_back();
    // A clear-signed text has "- " before BEGIN and END alone (RFC 9580, 7.2).
    const bool at_ends = front_.empty() && !all_blank(front) && like(front, lines_.back()) == lines_.back().size();
    if (at_ends) lines_.back() = {};
    any_ = at_ends || !front_.empty() || !back_.empty();
  }

  /// Whether there is something to take off.
  bool any() const { return any_; }

  void run(std::string& out) const {
    for (std::size_t i = 1; i < lines_.size(); ++i) {
      std::string_view line = lines_[i].substr(like(front_, lines_[i]).value_or(lines_[i].size()));
      if (!back_.empty() && line.ends_with(back_)) line.remove_suffix(back_.size());
      else if (!back_.empty()) line = line.substr(0, run_of(line, 0, is_body));
      out += line;
      if (i + 1 < lines_.size()) out += '\n';
    }
  }

 private:
  static bool is_body(char c) { return is_base64(c) || c == '='; }

  /// Empty lines begin with nothing.
  bool begins_all(std::string_view front) const {
    if (all_blank(front)) return false;
    return std::ranges::all_of(lines_.begin() + 1, lines_.end(),
                               [&](std::string_view line) { return all_blank(line) || like(front, line).has_value(); });
  }

  std::string_view front_of_body() const {
    for (const std::string_view line : lines_) {
      const std::size_t body = body_run(line);
      if (body != std::string_view::npos) return line.substr(0, body > kFrontMax ? 0 : body);
    }
    return {};
  }

  /// What stands behind the body in its first line, if all others but the last of the body end with it.
  std::string_view common_back() const {
    std::string_view back;
    std::size_t last = lines_.size() - 1;
    while (last > 1 && body_of(last).empty()) --last;
    for (std::size_t i = 1; i <= last; ++i) {
      const std::size_t body = body_run(lines_[i]);
      if (back.empty() && body == std::string_view::npos) continue;
      if (back.empty()) back = lines_[i].substr(body + run_of(lines_[i], body, is_body));
      if (all_blank(back) || body_run(back) != std::string_view::npos) return {};
      if (i < last && !lines_[i].ends_with(back)) return {};
    }
    return back;
  }

  /// The line behind its front, if that begins with base64.
  std::string_view body_of(std::size_t line) const {
    const std::string_view rest = trim(lines_[line].substr(like(front_, lines_[line]).value_or(0)));
    return rest.substr(0, run_of(rest, 0, is_body));
  }

  std::vector<std::string_view> lines_;
  std::string_view front_, back_;
  bool any_ = false;
};

/// Undoes the escaping of a block by JSON, shells, XML, URLs and source code. Each step appends at most as many characters as it consumes,
/// so one reservation is enough and growth leaves no copy of a key.
class Unescaper {
 public:
  Unescaper(std::string_view raw, bool join) : raw_(raw), join_(join) {}

  void run(std::string& out) {
    while (at_ < raw_.size()) {
      const char c = raw_[at_];
      if (c == '\\' && backslash(out)) continue;
      if (c == '&' && character_reference(out)) continue;
      if (c == '%' && percent(out)) continue;
      if (c == '<' && line_break_tag(out)) continue;
      if (c == '`' && backtick(out)) continue;
      if (join_ && (c == '"' || c == '\'') && joined_literals(c)) continue;
      out += c;
      ++at_;
    }
  }

 private:
  /// Any number of backslashes, because each format around the text may escape it again.
  bool backslash(std::string& out) {
    std::size_t next = at_;
    while (next < raw_.size() && raw_[next] == '\\') ++next;
    if (next == raw_.size()) return false;
    const char c = raw_[next];
    if (c == 'n' || c == 'r' || c == '\n' || c == '\r') out += '\n';
    else if (c == 't') out += ' ';
    else if (c == '/') out += '/';
    else if (c == '"' || c == '\'') return joined_after_escape(next);
    else if (c == 'u') return coded(next + 1, 4, out);
    else if (c == 'x') return coded(next + 1, 2, out);
    else return false;
    at_ = next + 1;
    return true;
  }

  /// Hexadecimal digits of an ASCII character: \u002b of JSON writers that are careful about HTML, \x2b, %2B.
  bool coded(std::size_t digits, std::size_t count, std::string& out) {
    if (raw_.size() < digits + count) return false;
    const auto value = hex_decode(raw_.substr(digits, count));
    if (!value || value->back() >= 0x80 || (count == 4 && value->front() != 0)) return false;
    out += static_cast<char>(value->back());
    at_ = digits + count;
    return true;
  }

  /// %0A, and %250A where an address is part of another one.
  bool percent(std::string& out) {
    std::size_t next = at_ + 1;
    while (raw_.substr(next).starts_with("25")) next += 2;
    return coded(next, 2, out);
  }

  /// &#10;, &#xA;, &#43;, &#x2b;
  bool character_reference(std::string& out) {
    constexpr std::size_t kDigitsMax = 4;
    const std::string_view rest = raw_.substr(at_);
    const bool hexadecimal = rest.starts_with("&#x") || rest.starts_with("&#X");
    const std::size_t first = hexadecimal ? 3 : 2;
    const std::size_t end = rest.substr(0, first + kDigitsMax + 1).find(';');
    if (!rest.starts_with("&#") || end == std::string_view::npos || end == first) return false;
    unsigned value = 0;
    for (const char c : rest.substr(first, end - first)) {
      const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!is_digit(c) && !(hexadecimal && letter)) return false;
      value = value * (hexadecimal ? 16 : 10) + static_cast<unsigned>(letter ? (c | 0x20) - 'a' + 10 : c - '0');
    }
    if (value >= 0x80) return false;
    out += value == '\r' ? '\n' : static_cast<char>(value);
    at_ += end + 1;
    return true;
  }

  bool line_break_tag(std::string& out) {
    for (const std::string_view tag : {"<br>", "<br/>", "<br />"}) {
      if (!iequals(raw_.substr(at_, tag.size()), tag)) continue;
      out += '\n';
      at_ += tag.size();
      return true;
    }
    return false;
  }

  /// PowerShell's `n and `r.
  bool backtick(std::string& out) {
    const std::string_view rest = raw_.substr(at_ + 1);
    if (!rest.starts_with('n') && !rest.starts_with('r')) return false;
    out += '\n';
    at_ += 2;
    return true;
  }

  /// An escaped quotation mark: source code inside a JSON string. The text that joins the literals follows the same rule.
  bool joined_after_escape(std::size_t quote) {
    if (!join_) return false;
    const std::size_t saved = at_;
    at_ = quote;
    if (joined_literals(raw_[quote])) return true;
    at_ = saved;
    return false;
  }

  /// From the quotation mark that ends one literal to the one that starts the next, across whatever joins them, unless that is a line of
  /// a body: "abc\n" + <line> "def", b'abc' <line> b'def', echo "abc" >> file <line> echo "def".
  bool joined_literals(char quote) {
    constexpr std::size_t kGapMax = 160;
    const std::string_view gap = raw_.substr(at_ + 1, kGapMax);
    const std::size_t next = gap.find(quote);
    if (next == std::string_view::npos && gap.size() == kGapMax) return false;
    // The last literal before END opens no other one.
    const std::string_view between = gap.substr(0, next);
    if (body_run(between) != std::string_view::npos) return false;
    at_ += 1 + between.size() + (next == std::string_view::npos ? 0 : 1);
    return true;
  }

  std::string_view raw_;
  bool join_;
  std::size_t at_ = 0;
};

/// Breaks of lines that are escaped in a text of one line: what each of them begins with can be seen then.
std::string with_breaks(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  Unescaper(raw, false).run(out);
  return out;
}

}  // namespace

std::string plain_text(std::string_view before, std::string_view raw) {
  constexpr std::uint64_t kUnitsPerByte = 20;  // with decoding
  std::string out;
  if (!charge_work(kUnitsPerByte * raw.size())) return out;
  std::string lines = raw.find_first_of("\r\n") == std::string_view::npos ? with_breaks(raw) : std::string();
  std::string front = lines.empty() ? std::string() : with_breaks(before.substr(before.size() - std::min(before.size(), kFrontMax)));
  const Frame frame = lines.empty() ? Frame(before, raw) : Frame(front, lines);
  std::string inner;
  if (frame.any()) {
    inner.reserve(raw.size());
    frame.run(inner);
  }
  out.reserve(raw.size());
  Unescaper(frame.any() ? std::string_view(inner) : raw, true).run(out);
  for (std::string* copy : {&lines, &front, &inner}) wipe(*copy);
  return out;
}

}  // namespace landwaiter::detectors::pem
