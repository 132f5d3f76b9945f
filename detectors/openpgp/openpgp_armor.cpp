// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/openpgp_armor.hpp"

#include "core/base/encoding.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/formats/pem_text.hpp"

#include <algorithm>
#include <optional>

namespace landwaiter::detectors::openpgp {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PGP ";
constexpr std::string_view kEnd = "-----END PGP ";
constexpr std::string_view kDashes = "-----";

/// Removes lines such as "Comment: x" from the front; base64 has no colon.
std::string_view without_headers(std::string_view text) {
  constexpr std::size_t kHeadersMax = 32;
  for (std::size_t i = 0; i < kHeadersMax; ++i) {
    text = trim(text);
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (line.find(':') == std::string_view::npos) break;
    text.remove_prefix(line.size());
  }
  return text;
}

/// Removes "=" and four characters from the end: base64 itself would have two more of them, or none.
std::optional<std::uint32_t> take_checksum(std::string_view& text) {
  constexpr std::size_t kSize = 5;
  text = trim(text);
  if (text.size() < kSize || text[text.size() - kSize] != '=') return std::nullopt;
  const std::string_view digits = text.substr(text.size() - kSize + 1);
  if (!std::ranges::all_of(digits, is_base64)) return std::nullopt;
  const auto bytes = base64_decode(digits);
  if (!bytes || bytes->size() != 3) return std::nullopt;
  text.remove_suffix(kSize);
  return static_cast<std::uint32_t>((*bytes)[0]) << 16 | static_cast<std::uint32_t>((*bytes)[1]) << 8 | (*bytes)[2];
}

bool is_body(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if (is_base64(c)) ++count;
    else if (!is_space(c)) break;
  }
  return count >= pem::kBodyCharactersMin;
}

void decode(std::string_view before, std::string_view raw, Armor& armor) {
  constexpr std::uint64_t kUnitsPerByte = 12;  // most of it for the checksum
  charge_work(kUnitsPerByte * raw.size());
  std::string text = pem::plain_text(before, raw);
  std::string_view body = without_headers(text);
  const auto checksum = take_checksum(body);
  if (!is_body(body)) {
    armor.state = pem::State::bare;
  } else if (auto decoded = base64_decode(body)) {
    armor.body = WipedBytes(std::move(*decoded));
    armor.state = pem::State::decoded;
    armor.checksum_wrong = checksum && *checksum != crc24(armor.body.view());
  } else {
    armor.state = pem::State::damaged;
    armor.problem = "its body is not base64";
  }
  wipe(text);
}

/// A block without a usable END.
void finish_unclosed(std::string_view before, std::string_view raw, Armor& armor) {
  std::string text = pem::plain_text(before, raw);
  armor.state = is_body(without_headers(text)) ? pem::State::damaged : pem::State::bare;
  armor.problem = "its END line is missing";
  wipe(text);
}

}  // namespace

std::uint32_t crc24(ByteView bytes) {
  std::uint32_t crc = 0xb704ce;
  for (const std::uint8_t byte : bytes) {
    crc ^= static_cast<std::uint32_t>(byte) << 16;
    for (int bit = 0; bit < 8; ++bit) {
      crc <<= 1;
      if ((crc & 0x1000000) != 0) crc ^= 0x1864cfb;
    }
  }
  return crc & 0xffffff;
}

Armor read_armor(ByteView bytes, std::size_t begin_line_end, bool ends_file) {
  const std::string_view text = as_text(bytes);
  Armor armor;
  armor.end = begin_line_end;
  const std::size_t begin = text.substr(0, begin_line_end).rfind(kBegin);
  if (begin == std::string_view::npos || begin_line_end - begin < kBegin.size() + kDashes.size()) return armor;
  armor.begin = begin;
  armor.label = text.substr(begin + kBegin.size(), begin_line_end - begin - kBegin.size() - kDashes.size());

  const std::size_t reach = begin + std::min(text.size() - begin, kArmorBytesMax);
  const std::string_view before = text.substr(0, begin);
  const std::size_t stop = pem::end_dashes(text.substr(0, reach), begin_line_end);
  const std::string_view raw = text.substr(begin_line_end, std::min(stop, reach) - begin_line_end);
  armor.end = begin_line_end + raw.size();
  const bool more_to_see = stop == std::string_view::npos && !(ends_file && reach == text.size());
  if (more_to_see) {
    armor.state = pem::State::beyond_window;
    return armor;
  }
  const std::string_view after = stop == std::string_view::npos ? std::string_view() : text.substr(stop);
  const bool closed = after.starts_with(kEnd) && after.substr(kEnd.size()).starts_with(armor.label) &&
                      after.substr(kEnd.size() + armor.label.size()).starts_with(kDashes);
  if (!closed) {
    finish_unclosed(before, raw, armor);
    return armor;
  }
  armor.end = stop + kEnd.size() + armor.label.size() + kDashes.size();
  decode(before, raw, armor);
  return armor;
}

}  // namespace landwaiter::detectors::openpgp
