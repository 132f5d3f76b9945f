// SPDX-License-Identifier: Apache-2.0
#include "detectors/compiled/compiled_triggers.hpp"

#include "detectors/all.hpp"
#include "detectors/engine/engine.hpp"

namespace landwaiter::detectors {

// Here, so that a program with its own detectors (a test) links neither ours nor their triggers.
Result<std::shared_ptr<const Engine>> Engine::create(const DetectorContext& context) {
  return create(context, make_all_detectors(context), make_all_file_readers(), compiled_triggers());
}

}  // namespace landwaiter::detectors
