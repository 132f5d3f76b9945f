// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

#include <functional>

namespace landwaiter::detectors {

/// Visits each complete SEQUENCE that starts in the `look_back` bytes before a hit's end, outermost first, until `visit(start, element)`
/// returns true; returns whether one did.
bool any_sequence_before(const Window& window, const Hit& hit, std::size_t look_back,
                         const std::function<bool(std::size_t, ByteView)>& visit);

}  // namespace landwaiter::detectors
