// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/image/image_analyzer.hpp"

#include <memory>
#include <vector>

namespace landwaiter::detectors {

/// Findings in an image's documents, as JSON: a completion with them must stay below limits::inventory_body_bytes_max.
inline constexpr std::uint64_t kImageFindingsBytesMax = 4 * limits::MiB;

/// Places of one finding that are kept: a config repeats a key a few times, for each step of its build.
inline constexpr std::size_t kImageFindingPlacesMax = 100;

/// All image analyzers. Immutable and thread-safe once made.
class ImageAnalysis {
 public:
  /// The analyzers of image_analysis.cpp, where they are listed.
  explicit ImageAnalysis(std::shared_ptr<const Engine> engine);
  /// For tests: a chosen list.
  ImageAnalysis(const EngineState& engine_state, std::vector<std::unique_ptr<const ImageAnalyzer>> analyzers);

  /// The digest over the engine's state and all analyzers' names and versions: the same state gives the same findings for the same image.
  const Digest& state() const { return state_; }

  /// What all analyzers find, joined and sorted; of more than kImageFindingsBytesMax the worst, with a diagnostic.
  ImageFindings run(const ImageDocuments& image) const;

 private:
  std::vector<std::unique_ptr<const ImageAnalyzer>> analyzers_;
  Digest state_;
};

}  // namespace landwaiter::detectors
