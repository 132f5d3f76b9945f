// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "core/report/report.hpp"
#include "detectors/engine/detector.hpp"
#include "detectors/image/image_analyzer.hpp"
#include "detectors/walk/layer_scanner.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>

namespace landwaiter::daemon {

/// Reads what anybody may have made: layers, and images' own documents. Thread-safe; each call blocks its thread, which is a worker's.
class ContentReader {
 public:
  virtual ~ContentReader() = default;

  /// As LayerScanner::scan(). Also limit_exceeded when the layer needs more memory or CPU time than a reader may have, and internal when
  /// the reader failed; both name the layer.
  virtual Result<ScannedLayer> scan(ByteSource& blob, const Digest& layer, std::uint64_t size_bytes, std::span<const Analysis> wanted,
                                    detectors::ScanProgress& progress, std::stop_token stop) = 0;
  /// As ImageAnalysis::run(). Errors: cancelled, and as scan().
  virtual Result<detectors::ImageFindings> analyze(const detectors::ImageDocuments& image, std::stop_token stop) = 0;

  virtual const EngineState& engine_state() const = 0;
  /// As ImageAnalysis::state().
  virtual const Digest& documents_state() const = 0;
};

/// What all readers of a process are made from.
struct ReaderSettings {
  detectors::DetectorContext context;
  std::uint64_t memory_bytes_max = limits::reader_memory_bytes_max;  ///< that reading one layer may allocate in all
};

/// A reader as this program was built: in processes of their own (IsolatedReader), or in this one (LANDWAITER_ISOLATE_READERS=OFF, for
/// sanitizers and profilers). Error: configuration, and Engine::create()'s.
Result<std::shared_ptr<ContentReader>> make_content_reader(const ReaderSettings& settings);
using MakeContentReader = std::function<Result<std::shared_ptr<ContentReader>>(const ReaderSettings&)>;

}  // namespace landwaiter::daemon
