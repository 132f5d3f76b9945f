// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"
#include "core/report/analysis.hpp"
#include "detectors/engine/detector.hpp"
#include "detectors/engine/file_reader.hpp"
#include "detectors/engine/prefilter.hpp"

#include <memory>
#include <span>
#include <vector>

namespace landwaiter::detectors {

/// The triggers of all of them, in order, as the prefilter takes them.
std::vector<Prefilter::Pattern> patterns_of(std::span<const std::unique_ptr<const Detector>> detectors);

/// Everything that decides what is found: the detectors, the compiled prefilter over all their triggers, and the file readers.
/// Immutable and thread-safe once made; shared by all workers.
class Engine {
 public:
  /// The detectors and readers of detectors/all.cpp, with their triggers as compiled at build time; the function is in
  /// detectors/compiled. Fails only when a trigger does not compile or the CPU lacks SSSE3.
  static Result<std::shared_ptr<const Engine>> create(const DetectorContext& context);
  /// Chosen lists. Triggers are compiled here unless `compiled` is of just these.
  static Result<std::shared_ptr<const Engine>> create(const DetectorContext& context,
                                                      std::vector<std::unique_ptr<const Detector>> detectors);
  static Result<std::shared_ptr<const Engine>> create(const DetectorContext& context,
                                                      std::vector<std::unique_ptr<const Detector>> detectors,
                                                      std::vector<std::unique_ptr<const FileReader>> readers,
                                                      const Prefilter::Compiled& compiled = {});
  ~Engine();

  /// One for each analysis that has a detector or a reader: two engines with the same state of an analysis report the same of the same
  /// layer for it. A state is the digest over the walker's version, the names, versions and triggers of the analysis' detectors, and the
  /// names and versions of its readers; for cryptography and secrets also over whether passwords are tried.
  std::span<const AnalysisState> states() const;
  /// The digest over the walker's version: two engines with the same one report the same facts of the same layer.
  const Digest& walker() const;
  EngineState state() const { return {walker(), {states().begin(), states().end()}}; }
  std::span<const std::unique_ptr<const Detector>> detectors() const;
  std::span<const std::unique_ptr<const FileReader>> readers() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Engine(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace landwaiter::detectors
