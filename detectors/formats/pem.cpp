// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/pem.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>

namespace landwaiter::detectors::pem {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

/// RFC 7468's W, which also has the vertical tab and the form feed.
bool is_pem_space(char c) { return is_space(c) || c == '\v' || c == '\f'; }

/// Undoes the escaping of a block by JSON, shells, XML and source code. Each step appends at most as many characters as it consumes, so
/// one reservation is enough and growth leaves no copy of a key.
class Unescaper {
 public:
  explicit Unescaper(std::string_view raw) : raw_(raw) {}

  void run(std::string& out) {
    constexpr std::uint64_t kUnitsPerByte = 10;  // with decoding
    if (!charge_work(kUnitsPerByte * raw_.size())) return;
    out.reserve(raw_.size());
    while (at_ < raw_.size()) {
      const char c = raw_[at_];
      if (c == '\\' && backslash(out)) continue;
      if (c == '&' && character_reference(out)) continue;
      if ((c == '"' || c == '\'') && joined_literals(c)) continue;
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
    else if (c == 'u') return unicode_escape(next, out);
    else return false;
    at_ = next + 1;
    return true;
  }

  /// \u002b, \u002F, \u003d, \u000a: JSON writers that are careful about HTML.
  bool unicode_escape(std::size_t u, std::string& out) {
    if (raw_.size() - u < 5) return false;
    const auto value = hex_decode(raw_.substr(u + 1, 4));
    if (!value || (*value)[0] != 0 || (*value)[1] >= 0x80) return false;
    out += static_cast<char>((*value)[1]);
    at_ = u + 5;
    return true;
  }

  bool character_reference(std::string& out) {
    for (const std::string_view reference : {"&#10;", "&#13;", "&#xA;", "&#xD;", "&#xa;", "&#xd;"}) {
      if (!raw_.substr(at_).starts_with(reference)) continue;
      out += '\n';
      at_ += reference.size();
      return true;
    }
    return false;
  }

  /// An escaped quotation mark: source code inside a JSON string. The text that joins the literals follows the same rule.
  bool joined_after_escape(std::size_t quote) {
    const std::size_t saved = at_;
    at_ = quote;
    if (joined_literals(raw_[quote])) return true;
    at_ = saved;
    return false;
  }

  /// From the quotation mark that ends one literal to the one that starts the next: "abc\n" + <line> "def".
  bool joined_literals(char quote) {
    constexpr std::size_t kGapMax = 80;
    const std::size_t stop = std::min(raw_.size(), at_ + 1 + kGapMax);
    for (std::size_t next = at_ + 1; next < stop; ++next) {
      const char c = raw_[next];
      if (c == quote) {
        at_ = next + 1;
        return true;
      }
      const bool joint = is_pem_space(c) || c == '+' || c == ',' || c == '.' || c == '\\' || c == '&';
      const bool escaped_space = (c == 'n' || c == 'r' || c == 't') && raw_[next - 1] == '\\';
      if (!joint && !escaped_space) return false;
    }
    // The last literal before END opens no other one.
    const bool ends_here = stop == raw_.size();
    if (ends_here) at_ = stop;
    return ends_here;
  }

  std::string_view raw_;
  std::size_t at_ = 0;
};

/// A header's name is letters, digits and dashes before a colon (RFC 1421); base64 has neither dash nor colon.
std::optional<Header> header_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 64) return std::nullopt;
  const std::string_view name = trim(line.substr(0, colon));
  const auto allowed = [](char c) { return is_base64(c) || c == '-'; };
  if (!std::ranges::all_of(name, allowed)) return std::nullopt;
  return Header{std::string(name), std::string(trim(line.substr(colon + 1)))};
}

/// Removes the headers from the front of `text`, and returns the body.
std::string_view split_headers(std::string_view text, std::vector<Header>& headers) {
  constexpr std::size_t kHeadersMax = 16;
  while (headers.size() < kHeadersMax) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin);
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    auto header = header_line(line);
    if (!header) break;
    text.remove_prefix(line.size());
    headers.push_back(std::move(*header));
  }
  return text;
}

std::size_t count_leading_base64(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if (is_base64(c)) ++count;
    else if (!is_pem_space(c)) break;
  }
  return count;
}

/// The body is neither a template nor an adjacent string of a program: it has most of a line of base64 in one piece, in text.
bool has_line_of_base64(std::string_view text) {
  constexpr std::size_t kLineMin = 48;
  if (text.find('\0') != std::string_view::npos) return false;
  std::size_t run = 0;
  for (const char c : text) {
    run = is_base64(c) ? run + 1 : 0;
    if (run == kLineMin) return true;
  }
  return false;
}

bool is_body(std::string_view body) { return count_leading_base64(body) >= kBodyCharactersMin || has_line_of_base64(body); }

void decode_body(std::string_view raw, Block& block) {
  std::string text;
  Unescaper(raw).run(text);
  const std::string_view body = split_headers(text, block.headers);
  if (!is_body(body)) {
    block.state = State::bare;
  } else if (auto decoded = base64_decode(body)) {
    block.body = WipedBytes(std::move(*decoded));
    block.state = State::decoded;
  } else {
    block.state = State::damaged;
    block.problem = "its body is not base64";
  }
  wipe(text);
}

bool looks_like_body(std::string_view raw) {
  std::string text;
  Unescaper(raw).run(text);
  std::vector<Header> headers;
  const bool enough = is_body(split_headers(text, headers));
  wipe(text);
  return enough;
}

/// A block without a usable END.
void finish_unclosed(std::string_view raw, std::string problem, Block& block) {
  block.state = looks_like_body(raw) ? State::damaged : State::bare;
  block.problem = std::move(problem);
}

}  // namespace

std::optional<std::string_view> Block::header(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [&](const Header& header) { return iequals(header.name, name); });
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

Block read_block(ByteView bytes, std::size_t begin_line_end, bool ends_file) {
  const std::string_view text = as_text(bytes);
  Block block;
  block.end = begin_line_end;
  const std::size_t begin = text.substr(0, begin_line_end).rfind(kBegin);
  if (begin == std::string_view::npos || begin_line_end - begin < kBegin.size() + kDashes.size()) return block;
  block.begin = begin;
  block.label = text.substr(begin + kBegin.size(), begin_line_end - begin - kBegin.size() - kDashes.size());

  // Only as far as every window is guaranteed to reach, so the result does not depend on how a file was split.
  const std::string_view reach = text.substr(0, begin_line_end + std::min(text.size() - begin_line_end, limits::detector_lookahead_bytes));
  const std::size_t stop = reach.find(kDashes, begin_line_end);
  const std::string_view raw = reach.substr(begin_line_end, stop == std::string_view::npos ? stop : stop - begin_line_end);
  block.end = begin_line_end + raw.size();
  charge_work(raw.size());
  if (stop == std::string_view::npos) {
    const bool all_seen = ends_file && reach.size() == text.size();
    if (!all_seen && looks_like_body(raw)) block.state = State::beyond_window;
    else finish_unclosed(raw, "its END line is missing", block);
    return block;
  }
  const std::string_view after = text.substr(stop);
  if (!after.starts_with(kEnd)) {
    finish_unclosed(raw, "its END line is missing", block);
    return block;
  }
  const std::string_view end_label = after.substr(kEnd.size());
  if (!end_label.starts_with(block.label) || !end_label.substr(block.label.size()).starts_with(kDashes)) {
    finish_unclosed(raw, "its END line names something else", block);
    return block;
  }
  block.end = stop + kEnd.size() + block.label.size() + kDashes.size();
  decode_body(raw, block);
  return block;
}

std::string unescaped(std::string_view raw) {
  std::string text;
  Unescaper(raw).run(text);
  return text;
}

}  // namespace landwaiter::detectors::pem
