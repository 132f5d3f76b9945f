// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/json_search.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/secret.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>
#include <string>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::size_t kLookBack = 4 * 1024;
/// A key with a chain of ten certificates takes 25 KiB.
constexpr std::size_t kObjectBytesMax = 64 * 1024;
/// Number of braces to try before the name; earlier members may be objects themselves.
constexpr std::size_t kSearchCandidatesMax = 32;
/// Strings in strings: 1, 3, 7 backslashes.
constexpr std::size_t kEscapeLevelsMax = 3;

/// Follows the braces of one object, skipping strings.
class ObjectScan {
 public:
  ObjectScan(std::string_view text, std::size_t backslashes) : text_(text), backslashes_(backslashes) {}

  /// One past the '}' that belongs to the '{' at `begin`, if `at` is directly within that object.
  std::optional<std::size_t> end_around(std::size_t begin, std::size_t at) {
    const std::size_t reach = std::min(text_.size(), begin + kObjectBytesMax);
    std::size_t depth = 0;
    bool in_string = false;
    std::size_t paid = begin;
    for (std::size_t i = begin; i < reach; ++i) {
      if (i == paid) {
        if (!charge_work(kUnitsPerByte * kStep)) return std::nullopt;
        paid += kStep;
      }
      const char c = text_[i];
      // The backslashes before the name's quotation mark are not part of `at`.
      if (i == at && (in_string || depth != 1)) return std::nullopt;
      if (c == '"') {
        const auto mark = delimiter(i);
        if (!mark) return std::nullopt;
        if (*mark) in_string = !in_string;
      } else if (!in_string && c == '{') {
        ++depth;
      } else if (!in_string && c == '}' && --depth == 0) {
        return i > at ? std::optional(i + 1) : std::nullopt;
      }
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint64_t kUnitsPerByte = 5;
  static constexpr std::size_t kStep = 64;

  /// Whether this quotation mark starts or ends a string. Nothing if it ends the string around the whole text.
  std::optional<bool> delimiter(std::size_t at) const {
    std::size_t count = 0;
    while (count < at && text_[at - count - 1] == '\\') ++count;
    charge_work(kUnitsPerByte * count);
    if (backslashes_ == 0) return count % 2 == 0;
    if (count < backslashes_) return std::nullopt;
    return count == backslashes_;
  }

  std::string_view text_;
  std::size_t backslashes_;
};

/// Undoes one level of escaping for each string that the text is in.
std::optional<std::string> unescaped(std::string_view raw, std::size_t backslashes) {
  std::string text(raw);
  for (std::size_t level = 0; backslashes > 0; backslashes /= 2) {
    if (++level > kEscapeLevelsMax) return std::nullopt;
    std::string quoted = '"' + text + '"';
    wipe(text);
    auto parsed = parse_json(quoted, "text", kJsonObject);
    wipe(quoted);
    if (!parsed || !parsed->is_string()) return std::nullopt;
    text = parsed->get<std::string>();
    wipe_texts(*parsed);
  }
  return text;
}

std::optional<json> read_object(std::string_view raw, std::size_t backslashes) {
  auto text = unescaped(raw, backslashes);
  if (!text) return std::nullopt;
  auto parsed = parse_json(*text, "object", kJsonObject);
  wipe(*text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return *std::move(parsed);
}

}  // namespace

std::optional<EnclosedObject> enclosing_object(std::string_view text, std::size_t at, std::size_t backslashes) {
  ObjectScan scan(text, backslashes);
  const std::size_t first = at - std::min(at, kLookBack);
  std::size_t brace = at;
  for (std::size_t i = 0; i < kSearchCandidatesMax && brace > first; ++i) {
    const std::size_t found = text.substr(first, brace - first).rfind('{');
    const std::size_t next = found == std::string_view::npos ? first : first + found;
    if (!charge_work(brace - next) || found == std::string_view::npos) break;
    brace = next;
    const auto end = scan.end_around(brace, at);
    if (!end) continue;
    auto object = read_object(text.substr(brace, *end - brace), backslashes);
    if (!object) return std::nullopt;
    return EnclosedObject{.begin = brace, .end = *end, .object = *std::move(object)};
  }
  return std::nullopt;
}

}  // namespace landwaiter::detectors
