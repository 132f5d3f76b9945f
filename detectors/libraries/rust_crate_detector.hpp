// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Rust's crates of cryptography in programs, by the source paths that their panics name. A detector of its own, since a
/// program names one crate at a hundred places: one search covers a window, and hits in what it covered are passed over.
/// Crates whose code cannot panic, and programs built with paths removed, leave nothing to find.
class RustCrateDetector final : public Detector {
 public:
  std::string_view name() const override { return "rust-crate"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
