// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json.hpp"
#include "core/base/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace landwaiter {

/// What one document may cost. A node is any value, also null or an empty list; each value of a repeated key counts. In memory a node
/// of a list takes 16 bytes and a member of an object about 100, a text or a container some 50 more: at most 200, without long texts.
struct JsonLimits {
  std::size_t nodes = 0;
  std::uint64_t bytes = 0;  ///< of the document, which bounds all its texts
  std::size_t depth = limits::json_depth_max;
};

/// 1,000 manifests of an index with platform and annotations are 15,000 nodes; 1,024 layers with annotations are less.
inline constexpr JsonLimits kJsonManifest{20'000, 4 << 20};
/// Thousands of labels and steps of history.
inline constexpr JsonLimits kJsonConfig{50'000, 8 << 20};
/// docker-registry sends all tags of a repository in one page, and clouds some ten fields for each of 1,000 entries: about 40 MB.
inline constexpr JsonLimits kJsonList{200'000, 32 << 20};
/// 10,000 references or layers, with room for the rest of the request; about 4 MB.
inline constexpr JsonLimits kJsonRequest{20'000, 1 << 20};
/// 1,000 items of an inventory with some ten fields, or the findings in an image's own documents.
inline constexpr JsonLimits kJsonInventory{200'000, 8 << 20};
/// limits::findings_per_layer_max findings of some 20 nodes. A certificate has 50 and more, so whoever makes a report keeps it within
/// this: see fit_to_read (core/report/layer_report_text.hpp).
inline constexpr JsonLimits kJsonReport{4'000'000, 256 << 20};
/// What a store of ours gives back: it was counted when it came from outside, and nothing that was accepted must be unreadable.
inline constexpr JsonLimits kJsonStored = kJsonReport;

/// Ten or twenty fields and no list of any length: a login's answer, an error, a key, a place in a listing.
inline constexpr JsonLimits kJsonFields{2'000, 1 << 20};
/// Docker's config.json with a login and a helper for each of thousands of hosts.
inline constexpr JsonLimits kJsonSettings{50'000, 4 << 20};
/// The index of an image archive or layout: a thousand images of a hundred layers.
inline constexpr JsonLimits kJsonArchive{150'000, 8 << 20};
/// An object in a file of a layer: a keyset of a hundred keys, a token, a package.json. No detector looks further than this.
inline constexpr JsonLimits kJsonObject{20'000, limits::detector_lookahead_bytes};

/// What was read, so that a test can count it.
struct JsonCost {
  std::size_t nodes = 0;
  std::size_t steps = 0;  ///< values, keys and ends of containers: never more than bytes of the document
};

/// Parses JSON from outside in time and memory proportional to its size: no trailing bytes, no comments; the last of repeated keys wins.
/// Reading stops at the first limit: `limit_exceeded` says which and at which byte. `what` names the document in the error ("manifest of
/// localhost:5000/a:1"). Charges this thread's WorkMeter by the byte.
Result<nlohmann::json> parse_json(std::string_view text, std::string_view what, const JsonLimits& limits, JsonCost* cost = nullptr);

/// How many nodes reading the value's text would count.
std::size_t count_nodes(const nlohmann::json& value);

template <class T>
Result<T> parse_json_as(std::string_view text, std::string_view what, const JsonLimits& limits) {
  auto document = parse_json(text, what, limits);
  if (!document) return document.error();
  return convert_json<T>(*document, what);
}

}  // namespace landwaiter
