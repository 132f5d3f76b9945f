// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/config_lines.hpp"

#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

/// The longest known directive name is half of this.
constexpr std::size_t kKeyMax = 64;
/// Per file of at most 1 MiB: more lines mean data, not configuration.
constexpr std::size_t kConfigLinesMax = 50'000;
constexpr std::size_t kAttributesMax = 10'000;

bool key_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
}
bool blank(char c) { return c == ' ' || c == '\t'; }

bool is_comment(std::string_view line) {
  return line.starts_with('#') || line.starts_with(';') || line.starts_with('!') || line.starts_with("//");
}

std::string_view without_comment(std::string_view value) {
  for (std::size_t at = value.find('#'); at != std::string_view::npos; at = value.find('#', at + 1)) {
    if (at == 0 || blank(value[at - 1])) return trim(value.substr(0, at));
  }
  return trim(value);
}

/// Reads "key value", "key = value", "key: value", "- key: value" and a key alone.
bool read_line(std::string_view line, ConfigLine& out) {
  std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  if (line.substr(begin).starts_with("- ")) begin = std::min(line.find_first_not_of(" \t", begin + 1), line.size());
  std::size_t end = begin;
  while (end < line.size() && key_byte(line[end])) ++end;
  if (end == begin || end - begin > kKeyMax) return false;
  out.key = line.substr(begin, end - begin);
  out.offset = begin;
  const std::size_t next = std::min(line.find_first_not_of(" \t\r", end), line.size());
  out.value = {};
  if (next == line.size()) {
    out.separator = Separator::none;
    return true;
  }
  if (line[next] == '=') out.separator = Separator::equals;
  else if (line[next] == ':' && next == end) out.separator = Separator::colon;
  else if (next > end) out.separator = Separator::blank;
  else return false;
  out.value = without_comment(line.substr(out.separator == Separator::blank ? next : next + 1));
  return true;
}

}  // namespace

std::string join_continuations(std::string_view text) {
  constexpr std::uint64_t kUnitsPerByte = 2;
  if (!charge_work(kUnitsPerByte * text.size())) return {};
  std::string out(text);
  std::size_t line = 0;
  bool continued = false;
  while (line < out.size()) {
    const std::size_t end = std::min(out.find('\n', line), out.size());
    std::size_t last = end;
    if (last > line && out[last - 1] == '\r') --last;
    const std::string_view content = trim(std::string_view(out).substr(line, end - line));
    const bool goes_on = last > line && out[last - 1] == '\\' && (continued || !is_comment(content));
    if (goes_on) {
      for (std::size_t i = last - 1; i < std::min(end + 1, out.size()); ++i) out[i] = ' ';
    }
    continued = goes_on;
    line = end + 1;
  }
  return out;
}

std::vector<ConfigLine> config_lines(std::string_view text) {
  std::vector<ConfigLine> lines;
  std::string_view section;
  constexpr std::uint64_t kUnitsPerByte = 5, kLineUnits = 60;
  for (std::size_t at = 0; at < text.size() && lines.size() < kConfigLinesMax;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view raw = text.substr(at, end - at);
    if (!charge_work(kUnitsPerByte * raw.size() + kLineUnits)) break;
    const std::string_view content = trim(raw);
    ConfigLine line;
    if (content.starts_with('[') && content.find(']') != std::string_view::npos) {
      section = trim(content.substr(1, content.find(']') - 1));
    } else if (!content.empty() && !is_comment(content) && read_line(raw, line)) {
      line.section = section;
      line.offset += at;
      lines.push_back(line);
    }
    at = end + 1;
  }
  return lines;
}

std::vector<XmlAttribute> xml_attributes(std::string_view text, std::initializer_list<std::string_view> tags) {
  constexpr std::uint64_t kTagUnits = 50;
  std::vector<XmlAttribute> out;
  if (!charge_work(2 * text.size())) return out;
  std::size_t at = 0;
  while ((at = text.find('<', at)) != std::string_view::npos && out.size() < kAttributesMax) {
    if (text.substr(at).starts_with("<!--")) {
      at = std::min(text.find("-->", at), text.size());
      continue;
    }
    if (!charge_work(kTagUnits)) break;
    const std::string_view rest = text.substr(++at);
    const auto tag = std::ranges::find_if(tags, [&](std::string_view name) {
      return rest.starts_with(name) && rest.size() > name.size() &&
             (blank(rest[name.size()]) || rest[name.size()] == '\n' || rest[name.size()] == '\r');
    });
    if (tag == tags.end()) continue;
    at += tag->size();
    while (out.size() < kAttributesMax) {
      at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
      const std::size_t begin = at;
      while (at < text.size() && key_byte(text[at])) ++at;
      const std::string_view name = text.substr(begin, at - begin);
      if (name.empty() || at + 1 >= text.size() || text[at] != '=' || (text[at + 1] != '"' && text[at + 1] != '\'')) break;
      const std::size_t end = text.find(text[at + 1], at + 2);
      if (end == std::string_view::npos) break;
      out.push_back({name, text.substr(at + 2, end - at - 2), begin});
      at = end + 1;
    }
  }
  return out;
}

}  // namespace landwaiter::detectors
