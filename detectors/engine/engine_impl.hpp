// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/engine.hpp"
#include "detectors/engine/file_reader.hpp"
#include "detectors/engine/prefilter.hpp"

#include <array>
#include <string>
#include <vector>

namespace landwaiter::detectors {

/// A value for each analysis. What one analysis finds must not depend on which others run beside it, so each has its own limits.
template <class T>
using ByAnalysis = std::array<T, kAllAnalyses.size()>;
constexpr std::size_t index_of(Analysis analysis) { return static_cast<std::size_t>(analysis); }

/// Created by Engine::create: only for the scanning code.
struct Engine::Impl {
  struct TriggerOf {
    std::uint32_t detector = 0;  ///< index into detectors
    int id = 0;                  ///< the detector's own number
  };

  std::vector<std::unique_ptr<const Detector>> detectors;
  std::vector<std::string> labels;  ///< "name/version" of each detector
  std::vector<Analysis> analyses;   ///< of each detector
  std::vector<std::unique_ptr<const FileReader>> readers;
  std::vector<std::string> reader_labels;  ///< "name/version" of each
  std::vector<TriggerOf> triggers;         ///< in the order of the prefilter's patterns
  std::vector<std::uint8_t> groups;        ///< of each trigger: the index of its detector's analysis
  ByAnalysis<bool> searches{};             ///< whether an analysis has triggers
  std::size_t trigger_length_max = 0;      ///< of the longest
  Prefilter prefilter;
  Digest walker;
  AnalysisStates states;
};

}  // namespace landwaiter::detectors
