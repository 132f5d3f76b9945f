// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/engine.hpp"
#include "detectors/engine/prefilter.hpp"

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// What Engine::create makes: looked into by the scanning code only.
struct Engine::Impl {
  struct TriggerOf {
    std::uint32_t detector = 0;  ///< index into detectors
    int id = 0;                  ///< the detector's own number
  };

  std::vector<std::unique_ptr<const Detector>> detectors;
  std::vector<std::string> labels;     ///< "name/version" of each detector
  std::vector<TriggerOf> triggers;     ///< in the order of the prefilter's patterns
  std::size_t trigger_length_max = 0;  ///< of the longest
  Prefilter prefilter;
  Digest state;
};

}  // namespace landwaiter::detectors
