// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace landwaiter {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// The length of the valid UTF-8 sequence at `at` (RFC 3629 section 4), 0 when there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0}; };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const std::uint8_t first = byte(at);
  const std::uint8_t second = byte(at + 1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(at + 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && second < 0xa0;
    const bool surrogate = first == 0xed && second > 0x9f;
    return tail(at + 1) && tail(at + 2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && second < 0x90;
    const bool beyond = first == 0xf4 && second > 0x8f;
    return tail(at + 1) && tail(at + 2) && tail(at + 3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<std::uint8_t>(c);
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

bool looks_like_escape(std::string_view text, std::size_t at) {
  return text.size() - at >= 4 && text[at] == '\\' && text[at + 1] == 'x' && is_hex(text[at + 2]) && is_hex(text[at + 3]);
}

/// Those that make the text around them run backwards: U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069.
bool is_direction(std::string_view character) {
  if (character.size() == 2) return character == "\xd8\x9c";
  if (character.size() != 3 || !character.starts_with("\xe2")) return false;
  const auto second = static_cast<std::uint8_t>(character[1]), third = static_cast<std::uint8_t>(character[2]);
  if (second == 0x80) return third == 0x8e || third == 0x8f || (third >= 0xaa && third <= 0xae);
  return second == 0x81 && third >= 0xa6 && third <= 0xa9;
}

/// C0, DEL and the C1 range (U+0080 to U+009F), which some terminals obey, and what hides the order of a text from those who read it.
bool is_control(std::string_view text, std::size_t at, std::size_t length) {
  const auto first = static_cast<std::uint8_t>(text[at]);
  if (is_direction(text.substr(at, length))) return true;
  if (length == 1) return first < 0x20 || first == 0x7f;
  return length == 2 && first == 0xc2 && static_cast<std::uint8_t>(text[at + 1]) < 0xa0;
}

}  // namespace

std::string printable(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size();) {
    const std::size_t length = utf8_length(raw, i);
    if (length == 0) {
      append_escape(out, raw[i++]);
      continue;
    }
    if (is_control(raw, i, length)) {
      for (std::size_t j = 0; j < length; ++j) append_escape(out, raw[i + j]);
    } else {
      if (looks_like_escape(raw, i)) append_escape(out, raw[i]);
      else out.append(raw.substr(i, length));
    }
    i += length;
  }
  return out;
}

std::string quoted(std::string_view raw, std::size_t max_bytes) {
  if (raw.size() <= max_bytes) return '"' + printable(raw) + '"';
  return '"' + printable(raw.substr(0, max_bytes)) + "...\"";
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  const char* format = unit == 0 ? "%.0f %s" : "%.1f %s";
  const int size = std::snprintf(text.data(), text.size(), format, value, units[unit]);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

bool iequals(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + ' ' + std::string(count == 1 ? one : many);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view space = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

}  // namespace landwaiter
