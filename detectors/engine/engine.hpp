// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"
#include "detectors/engine/detector.hpp"
#include "detectors/engine/trigger_cache.hpp"

#include <memory>
#include <span>
#include <vector>

namespace landwaiter::detectors {

/// Everything that decides what is found: the detectors and the compiled prefilter over all their triggers. Immutable
/// and thread-safe once made; shared by all workers.
class Engine {
 public:
  /// The detectors of detectors/all.cpp, where this function is. Fails only when a trigger does not compile or the CPU lacks SSSE3.
  static Result<std::shared_ptr<const Engine>> create(const DetectorContext& context, TriggerCache* cache = nullptr);
  /// For tests: a chosen list.
  static Result<std::shared_ptr<const Engine>> create(const DetectorContext& context,
                                                      std::vector<std::unique_ptr<const Detector>> detectors,
                                                      TriggerCache* cache = nullptr);
  ~Engine();

  /// The digest over all detectors' names, versions and triggers, the walker's version and the identity key's hash:
  /// two engines with the same state give the same report for the same layer.
  const Digest& state() const;
  std::span<const std::unique_ptr<const Detector>> detectors() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  explicit Engine(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace landwaiter::detectors
