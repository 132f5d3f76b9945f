// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Rust cryptography crates in programs, by the source paths in their panics. A separate detector, because a program names one crate in a
/// hundred places: one search covers a window, and further hits in it are skipped. Crates whose code cannot panic, and programs built
/// without paths, cannot be found.
class RustCrateDetector final : public Detector {
 public:
  std::string_view name() const override { return "rust-crate"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
