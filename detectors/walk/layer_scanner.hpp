// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"
#include "core/report/report.hpp"
#include "detectors/engine/engine.hpp"
#include "detectors/engine/scan_limits.hpp"

#include <atomic>
#include <memory>
#include <span>
#include <stop_token>

namespace landwaiter::detectors {

/// Progress of a running scan. Written by the worker, read by anyone.
struct ScanProgress {
  std::atomic<std::uint64_t> compressed_bytes{0};
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> findings{0};
};

/// Scans layers, one at a time; owns the scratch memory, so a worker keeps one for its life. Not thread-safe.
class LayerScanner {
 public:
  /// `limits` other than the default are for tests: reports depend on them but no state includes them. What does
  /// not fit into layer_memory_bytes_max is left out, with a diagnostic that says what.
  explicit LayerScanner(std::shared_ptr<const Engine> engine, const ScanLimits& limits = {});
  ~LayerScanner();

  /// Reads `blob` to its end, proves that it is `layer` of `size_bytes`, and tells its facts and what each of the `wanted` analyses finds
  /// in it: one read serves all of them, and the detectors of the others do not run. An analysis that the engine has no detector of is
  /// left out. The compression is sniffed, not trusted from a media type. Damage inside the layer (a truncated gzip whose blob digest is
  /// right, an absurd tar header) becomes a diagnostic and the readable part is reported. Errors, all without a result: the source's own,
  /// digest_mismatch, and cancelled once `stop` was requested (checked for every chunk).
  Result<ScannedLayer> scan(ByteSource& blob, const Digest& layer, std::uint64_t size_bytes, std::span<const Analysis> wanted,
                            ScanProgress& progress, std::stop_token stop);
  /// The same for a blob that the caller itself proves to be `layer`, before it uses the result.
  Result<ScannedLayer> read(ByteSource& blob, const Digest& layer, std::span<const Analysis> wanted, ScanProgress& progress,
                            std::stop_token stop);

  /// The most that the last layer took at once of ScanLimits::layer_memory_bytes_max.
  std::uint64_t memory_peak() const;
  /// What the last layer has cost, in units of WorkMeter: the same on every machine.
  std::uint64_t work() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::detectors
