// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/json_object.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

/// A keyset of a hundred keys.
constexpr std::size_t kObjectMax = 64 * 1024;
constexpr std::size_t kObjectLevelsMax = 3;
/// How far back to look for opening braces.
constexpr std::size_t kObjectCandidatesMax = 8;

/// One past the brace that closes the one at `begin`, respecting strings; npos if it is out of reach.
std::size_t closing(std::string_view text, std::size_t begin) {
  const std::size_t stop = begin + std::min(text.size() - begin, kObjectMax);
  constexpr std::size_t kStep = 64;
  constexpr std::uint64_t kUnitsPerByte = 3;
  std::size_t paid = begin;
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t at = begin; at < stop; ++at) {
    if (at >= paid) {
      if (!charge_work(kUnitsPerByte * kStep)) return std::string_view::npos;
      paid = at + kStep;
    }
    const char c = text[at];
    if (quoted) {
      if (c == '\\') ++at;
      else if (c == '"') quoted = false;
      else if (c == '\n') return std::string_view::npos;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{') {
      if (++depth > limits::json_depth_max) return std::string_view::npos;
    } else if (c == '}' && --depth == 0) {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<JsonObject> json_object_around(const Window& window, const Hit& hit, FindingSink& sink,
                                             const std::function<bool(const nlohmann::json&)>& wanted) {
  constexpr std::size_t kPauseAfterUnclosed = 1024;
  const std::string_view text = as_text(window.bytes);
  const std::size_t from = hit.end - std::min(hit.end, limits::detector_lookbehind_bytes);
  std::size_t open = hit.end;
  std::size_t levels = 0;
  bool unclosed = false;
  for (std::size_t candidates = 0; candidates < kObjectCandidatesMax && levels < kObjectLevelsMax; ++candidates) {
    const std::size_t found = text.substr(from, open - from).rfind('{');
    if (!charge_work(open - from - (found == std::string_view::npos ? 0 : found)) || found == std::string_view::npos) break;
    open = from + found;
    const std::size_t end = closing(text, open);
    unclosed = unclosed || end == std::string_view::npos;
    if (end == std::string_view::npos || end < hit.end) continue;
    ++levels;
    auto value = parse_json(text.substr(open, end - open), "keys", kJsonObject);
    if (!value || !value->is_object()) continue;
    if (wanted(*value)) return JsonObject{*std::move(value), open, end};
    wipe_texts(*value);
  }
  if (unclosed) sink.consumed(std::min(text.size(), hit.end + kPauseAfterUnclosed));
  return std::nullopt;
}

}  // namespace landwaiter::detectors
