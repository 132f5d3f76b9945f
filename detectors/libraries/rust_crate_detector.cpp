// SPDX-License-Identifier: Apache-2.0
#include "detectors/libraries/rust_crate_detector.hpp"

#include "detectors/libraries/library_runtime.hpp"

namespace landwaiter::detectors {

std::vector<Trigger> RustCrateDetector::triggers() const { return {{0, rust_pattern(), kRustLength}}; }

void RustCrateDetector::inspect(const Window& window, const Hit& hit, FindingSink& sink) const {
  std::size_t searched_end = 0;
  for (const FoundLibrary& found : read_rust_crates(window, hit, searched_end)) sink.add(describe_library(found.library), found.offset);
  sink.consumed(searched_end);
}

}  // namespace landwaiter::detectors
