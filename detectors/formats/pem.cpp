// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/pem.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/formats/pem_text.hpp"

#include <algorithm>

namespace landwaiter::detectors::pem {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

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

void decode_body(std::string_view before, std::string_view raw, Block& block) {
  std::string text = plain_text(before, raw);
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

bool looks_like_body(std::string_view before, std::string_view raw) {
  std::string text = plain_text(before, raw);
  std::vector<Header> headers;
  const bool enough = is_body(split_headers(text, headers));
  wipe(text);
  return enough;
}

/// A block without a usable END.
void finish_unclosed(std::string_view before, std::string_view raw, std::string problem, Block& block) {
  block.state = looks_like_body(before, raw) ? State::damaged : State::bare;
  block.problem = std::move(problem);
}

}  // namespace

std::size_t end_dashes(std::string_view text, std::size_t from) {
  const std::size_t dashes = text.find(kDashes, from);
  if (dashes == std::string_view::npos) return dashes;
  // A deleted line of a diff has one more in front of it.
  const std::size_t behind = std::min(text.find_first_not_of('-', dashes), text.size());
  return text.substr(behind - kDashes.size()).starts_with(kEnd) ? behind - kDashes.size() : dashes;
}

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
  const std::string_view before = text.substr(0, begin);
  block.label = text.substr(begin + kBegin.size(), begin_line_end - begin - kBegin.size() - kDashes.size());

  // Only as far as every window is guaranteed to reach, so the result does not depend on how a file was split.
  const std::string_view reach = text.substr(0, begin_line_end + std::min(text.size() - begin_line_end, limits::detector_lookahead_bytes));
  const std::size_t stop = end_dashes(reach, begin_line_end);
  const std::string_view raw = reach.substr(begin_line_end, stop == std::string_view::npos ? stop : stop - begin_line_end);
  block.end = begin_line_end + raw.size();
  charge_work(raw.size());
  if (stop == std::string_view::npos) {
    const bool all_seen = ends_file && reach.size() == text.size();
    if (!all_seen && looks_like_body(before, raw)) block.state = State::beyond_window;
    else finish_unclosed(before, raw, "its END line is missing", block);
    return block;
  }
  const std::string_view after = text.substr(stop);
  if (!after.starts_with(kEnd)) {
    finish_unclosed(before, raw, "its END line is missing", block);
    return block;
  }
  const std::string_view end_label = after.substr(kEnd.size());
  if (!end_label.starts_with(block.label) || !end_label.substr(block.label.size()).starts_with(kDashes)) {
    finish_unclosed(before, raw, "its END line names something else", block);
    return block;
  }
  block.end = stop + kEnd.size() + block.label.size() + kDashes.size();
  decode_body(before, raw, block);
  return block;
}

}  // namespace landwaiter::detectors::pem
