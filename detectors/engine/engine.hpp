// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"
#include "detectors/engine/detector.hpp"
#include "detectors/engine/scan_limits.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace landwaiter::detectors {

/// Keeps compiled triggers between runs: compiling them costs more than scanning a small layer.
class TriggerCache {
 public:
  virtual ~TriggerCache() = default;
  /// What was kept under this name; nothing when that is not to be had.
  virtual std::optional<Bytes> load(const std::string& name) = 0;
  virtual void keep(const std::string& name, ByteView bytes) = 0;
};

/// Everything that decides what is found: the detectors and the compiled prefilter over all their triggers. Immutable
/// and thread-safe once made; shared by all workers.
class Engine {
 public:
  /// The detectors of detectors/all.cpp. Fails only when a trigger does not compile or the CPU lacks SSSE3.
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

/// What a running scan tells others. Written by the worker, read by anyone.
struct ScanProgress {
  std::atomic<std::uint64_t> compressed_bytes{0};
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> findings{0};
};

/// Scans layers, one at a time; owns the scratch memory, so a worker keeps one for its life. Not thread-safe.
class LayerScanner {
 public:
  /// `limits` other than the default are for tests: reports depend on them and the detector state does not tell.
  explicit LayerScanner(std::shared_ptr<const Engine> engine, const ScanLimits& limits = {});
  ~LayerScanner();

  /// Reads `blob` to its end, proves that it is `layer` of `size_bytes`, and reports what is in it. The compression is
  /// sniffed, not trusted from a media type. Damage inside the layer (a truncated gzip whose blob digest is right, an absurd
  /// tar header) becomes a diagnostic and what was readable is reported. Errors, all without a report: the source's own,
  /// digest_mismatch, and cancelled once `stop` was requested (checked for every chunk).
  Result<LayerReport> scan(ByteSource& blob, const Digest& layer, std::uint64_t size_bytes, ScanProgress& progress, std::stop_token stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::detectors
