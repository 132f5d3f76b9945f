// SPDX-License-Identifier: Apache-2.0
#include "detectors/settings/crypto_configuration_detector.hpp"

#include "core/base/limits.hpp"
#include "detectors/formats/binary_format.hpp"
#include "detectors/settings/crypto_settings.hpp"
#include "detectors/settings/setting_directives.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

bool is_configuration_byte(std::uint8_t byte) {
  return byte >= 0x20 ? byte != 0x7f : byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The run of text around the hit: the whole file if the window contains it, otherwise what every window guarantees.
Piece text_around(const Window& window, const Hit& hit) {
  const bool whole = window.offset == 0 && window.ends_file && window.bytes.size() <= limits::window_bytes;
  const std::size_t first = whole ? 0 : hit.end - std::min(hit.end, limits::detector_lookbehind_bytes);
  const std::size_t last = whole ? window.bytes.size() : std::min(window.bytes.size(), hit.end + limits::detector_lookahead_bytes);
  Piece piece{hit.end, hit.end};
  while (piece.begin > first && is_configuration_byte(window.bytes[piece.begin - 1])) --piece.begin;
  while (piece.end < last && is_configuration_byte(window.bytes[piece.end])) ++piece.end;
  return piece;
}

}  // namespace

std::vector<Trigger> CryptoConfigurationDetector::triggers() const { return {{0, std::string(kSettingPattern), kSettingLength}}; }

void CryptoConfigurationDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  // A program's help texts and defaults do not configure anything.
  if (binary_kind(window.head) != BinaryKind::none) return;
  const Piece piece = text_around(window, hit);
  if (piece.end <= piece.begin) return;
  const std::string_view text = as_text(window.bytes.subspan(piece.begin, piece.end - piece.begin));
  for (const CryptoSettings& settings : read_crypto_settings(text)) {
    const Finding finding = describe_settings(settings);
    const bool weak = !settings.weaknesses.empty() && !settings.weak_offsets.empty();
    const std::vector<std::size_t> first{settings.offset};
    for (const std::size_t offset : weak ? settings.weak_offsets : first) sink.add(finding, piece.begin + offset);
  }
  sink.consumed(piece.end);
}

}  // namespace landwaiter::detectors
