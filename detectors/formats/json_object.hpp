// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>

namespace landwaiter::detectors {

struct JsonObject {
  nlohmann::json value;
  std::size_t begin = 0;  ///< of its opening brace in the window
  std::size_t end = 0;    ///< one past its closing one
};

/// The innermost JSON object around a hit that `wanted` accepts, at most three levels out and 64 KiB long. An object that is not closed
/// within that marks some bytes after the hit as consumed, so many hits in one such text cost no more than a few.
std::optional<JsonObject> json_object_around(const Window& window, const Hit& hit, FindingSink& sink,
                                             const std::function<bool(const nlohmann::json&)>& wanted);

}  // namespace landwaiter::detectors
