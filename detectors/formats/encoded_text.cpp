// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/encoded_text.hpp"

#include "core/base/encoding.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors::encoded {
namespace {

/// The value of a base64 character of either alphabet, or 64.
constexpr std::array<std::uint8_t, 256> base64_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(64);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<std::uint8_t>(kAlphabet[i])] = i;
  values['-'] = 62;
  values['_'] = 63;
  return values;
}
constexpr auto kBase64 = base64_values();

constexpr std::array<std::uint8_t, 256> hex_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(16);
  for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    values[static_cast<std::size_t>('a' + i)] = static_cast<std::uint8_t>(10 + i);
    values[static_cast<std::size_t>('A' + i)] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}
constexpr auto kHex = hex_values();

/// Length of the line break at `at`, as written in text, JSON or XML, with surrounding spaces; 0 if there is none.
std::size_t line_break(std::string_view text, std::size_t at) {
  constexpr std::size_t kBreakMax = 64;
  const std::size_t stop = std::min(text.size(), at + kBreakMax);
  std::size_t next = at;
  bool broken = false;
  while (next < stop) {
    const char c = text[next];
    if (is_space(static_cast<std::uint8_t>(c))) {
      broken = broken || c == '\n' || c == '\r';
      ++next;
      continue;
    }
    std::size_t escape = next;
    while (escape < stop && text[escape] == '\\') ++escape;
    if (escape > next && escape < stop && (text[escape] == 'n' || text[escape] == 'r')) {
      broken = true;
      next = escape + 1;
      continue;
    }
    const std::string_view rest = text.substr(next);
    if (!rest.starts_with("&#10;") && !rest.starts_with("&#13;")) break;
    broken = true;
    next += 5;
  }
  return broken ? next - at : 0;
}

constexpr std::uint64_t kStartUnits = 2000;

/// Characters of one alphabet, in lines of one length or of any.
class Lines {
 public:
  Lines(std::string_view text, std::size_t begin, const std::array<std::uint8_t, 256>& values, std::uint8_t none, bool same_length)
      : text_(text), values_(values), none_(none), same_length_(same_length), at_(begin), line_(begin), end_(begin) {
    // The first line may have started earlier.
    constexpr std::size_t kLineMax = 200;
    while (line_ > 0 && begin - line_ < kLineMax && value_at(line_ - 1) < none_) --line_;
    // With the memory for the result.
    charge_work(begin - line_ + kStartUnits);
    const bool after_escape = line_ > 0 && line_ < begin && text_[line_ - 1] == '\\';
    if (after_escape) ++line_;
  }

  /// The next character's value; `none` at the end.
  std::uint8_t next() {
    constexpr std::uint64_t kUnits = 6;
    if (!charge_work(kUnits)) return none_;
    if (at_ < text_.size() && value_at(at_) == none_) step_over_break();
    if (at_ >= text_.size() || value_at(at_) == none_) return none_;
    const std::uint8_t value = value_at(at_++);
    end_ = at_;
    return value;
  }
  /// One past the last character that next() returned.
  std::size_t end() const { return end_; }
  bool at_end_of_text() const { return at_ >= text_.size(); }

 private:
  std::uint8_t value_at(std::size_t i) const { return values_[static_cast<std::uint8_t>(text_[i])]; }

  void step_over_break() {
    // Broken lines are short; a longer one is a whole value, and the next line is another.
    constexpr std::size_t kLineMin = 16;
    constexpr std::size_t kLineMax = 128;
    const std::size_t length = at_ - line_;
    if (first_length_ == 0) first_length_ = length;
    if (same_length_ && (length != first_length_ || length < kLineMin || length > kLineMax)) return;
    const std::size_t skipped = line_break(text_, at_);
    if (skipped == 0) return;
    at_ += skipped;
    line_ = at_;
  }

  std::string_view text_;
  const std::array<std::uint8_t, 256>& values_;
  std::uint8_t none_;
  bool same_length_;
  std::size_t at_;
  std::size_t line_;  ///< where the line starts
  std::size_t end_;
  std::size_t first_length_ = 0;
};

/// Grows as bytes come: room for the rest of a window would be filled and wiped for each short text in it. What is outgrown is wiped, so
/// that no copy of a key stays behind.
void append(Bytes& bytes, std::uint8_t byte) {
  constexpr std::size_t kFirst = 512;
  if (bytes.size() == bytes.capacity()) {
    Bytes larger;
    larger.reserve(std::max(kFirst, 2 * bytes.size()));
    larger.insert(larger.end(), bytes.begin(), bytes.end());
    wipe(bytes);
    bytes = std::move(larger);
  }
  bytes.push_back(byte);
}

}  // namespace

Run read_base64(ByteView text, std::size_t begin, std::size_t characters_max) {
  Run run{.begin = begin, .end = begin, .encoding = "base64", .bytes = {}, .open = false};
  Lines lines(as_text(text), begin, kBase64, 64, characters_max == kAll);
  std::uint32_t bits = 0;
  std::size_t count = 0;
  while (count < characters_max) {
    const std::uint8_t value = lines.next();
    if (value == 64) break;
    if (!is_base64(text[lines.end() - 1])) run.encoding = "base64url";
    bits = bits << 6 | value;
    if (++count % 4 != 0) continue;
    append(run.bytes, static_cast<std::uint8_t>(bits >> 16));
    append(run.bytes, static_cast<std::uint8_t>(bits >> 8));
    append(run.bytes, static_cast<std::uint8_t>(bits));
  }
  if (count % 4 >= 2) append(run.bytes, static_cast<std::uint8_t>(bits >> (count % 4 == 2 ? 4 : 10)));
  if (count % 4 == 3) append(run.bytes, static_cast<std::uint8_t>(bits >> 2));
  run.open = count < characters_max && lines.at_end_of_text();
  run.end = lines.end();
  while (run.end < text.size() && text[run.end] == '=' && run.end - lines.end() < 2) ++run.end;
  return run;
}

Run read_hex(ByteView text, std::size_t begin, std::size_t digits_max) {
  Run run{.begin = begin, .end = begin, .encoding = "hex", .bytes = {}, .open = false};
  Lines lines(as_text(text), begin, kHex, 16, digits_max == kAll);
  std::size_t count = 0;
  std::uint8_t high = 0;
  while (count < digits_max) {
    const std::uint8_t value = lines.next();
    if (value == 16) break;
    if (++count % 2 == 0) append(run.bytes, static_cast<std::uint8_t>(high << 4 | value));
    high = value;
  }
  run.open = count < digits_max && lines.at_end_of_text();
  run.end = lines.end();
  return run;
}

Run read_percent(ByteView text, std::size_t begin, bool plus_is_space) {
  Run run{.begin = begin, .end = begin, .encoding = "url", .bytes = {}, .open = false};
  const auto ends = [](std::uint8_t c) { return c <= 0x20 || c >= 0x7f || c == '&' || c == '"' || c == '\'' || c == '<' || c == '>'; };
  std::size_t end = begin;
  while (end < text.size() && !ends(text[end])) ++end;
  constexpr std::uint64_t kUnitsPerByte = 6;
  if (!charge_work(kUnitsPerByte * (end - begin))) return run;
  run.bytes.reserve(end - begin);
  for (std::size_t at = begin; at < end; ++at) {
    const std::uint8_t c = text[at];
    const std::uint8_t high = end - at > 2 ? kHex[text[at + 1]] : 16, low = end - at > 2 ? kHex[text[at + 2]] : 16;
    if (c == '%' && high < 16 && low < 16) {
      run.bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
      at += 2;
    } else {
      run.bytes.push_back(c == '+' && plus_is_space ? std::uint8_t{' '} : c);
    }
  }
  run.open = end == text.size();
  run.end = end;
  return run;
}

Run read_utf16(ByteView text, std::size_t at, std::uint64_t file_offset) {
  const bool little = (file_offset + at) % 2 == 0;
  const std::size_t begin = little || at == 0 ? at : at - 1;
  Run run{.begin = begin, .end = at, .encoding = little ? "utf-16le" : "utf-16be", .bytes = {}, .open = false};
  const auto is_text = [](std::uint8_t c) { return (c >= 0x20 && c < 0x7f) || is_space(c); };
  // In either byte order there is one zero between two characters.
  std::size_t next = at;
  while (next < text.size() && is_text(text[next]) && (next == at || text[next - 1] == 0)) next += 2;
  charge_work(2 * (next - at));
  run.bytes.reserve((next - at) / 2);
  for (std::size_t i = at; i < next; i += 2) run.bytes.push_back(text[i]);
  run.open = next >= text.size();
  run.end = std::min(next, text.size());
  return run;
}

bool is_pem_body(ByteView text, std::size_t begin) {
  constexpr std::size_t kGapMax = 64;
  std::size_t at = begin;
  while (at > 0 && begin - at < kGapMax) {
    const std::uint8_t c = text[at - 1];
    const bool escaped = (c == 'n' || c == 'r') && at > 1 && text[at - 2] == '\\';
    const bool reference = c == ';' || c == '#' || c == '&' || (c >= '0' && c <= '9');
    if (!is_space(c) && !escaped && !reference && c != '\\' && c != '"' && c != '\'' && c != '+' && c != ',') break;
    --at;
  }
  constexpr std::string_view kDashes = "-----";
  constexpr std::size_t kLabelMax = 80;
  const std::string_view before = as_text(text.first(at));
  if (!before.ends_with(kDashes)) return false;
  const std::string_view line = before.substr(before.size() - std::min(before.size(), kLabelMax));
  const std::size_t label = line.rfind("-----BEGIN ");
  return label != std::string_view::npos && line.find("-----END ", label) == std::string_view::npos;
}

}  // namespace landwaiter::detectors::encoded
