// SPDX-License-Identifier: Apache-2.0
#include "detectors/all.hpp"
#include "detectors/engine/engine.hpp"

namespace landwaiter::detectors {

// Apart from the rest of Engine, so that a program with detectors of its own choice (tests) links none of ours.
Result<std::shared_ptr<const Engine>> Engine::create(const DetectorContext& context, TriggerCache* cache) {
  return create(context, make_all_detectors(context), cache);
}

}  // namespace landwaiter::detectors
