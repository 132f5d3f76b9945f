// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/reader/content_reader.hpp"
#include "detectors/image/image_analysis.hpp"

#include <functional>
#include <mutex>
#include <vector>

namespace landwaiter::daemon {

/// What `read` returns; an exception in it becomes the error of `what` (limit_exceeded if memory ran out, internal), so that one layer
/// does not end the others.
template <class T>
Result<T> guarded(const std::string& what, const std::function<Result<T>()>& read) {
  try {
    return read();
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::limit_exceeded, what + " needs more memory than its reader may have");
  } catch (const std::exception& bug) {
    return Error(ErrorCode::internal, what + " could not be read because of an internal error: " + bug.what());
  }
}

/// Reads in this process.
class LocalReader final : public ContentReader {
 public:
  explicit LocalReader(std::shared_ptr<const detectors::Engine> engine, std::uint64_t memory_bytes_max = limits::reader_memory_bytes_max);
  static Result<std::shared_ptr<LocalReader>> create(const ReaderSettings& settings);

  Result<ScannedLayer> scan(ByteSource& blob, const Digest& layer, std::uint64_t size_bytes, std::span<const Analysis> wanted,
                            detectors::ScanProgress& progress, std::stop_token stop) override;
  /// As LayerScanner::read().
  Result<ScannedLayer> read(ByteSource& blob, const Digest& layer, std::span<const Analysis> wanted, detectors::ScanProgress& progress,
                            std::stop_token stop);
  Result<detectors::ImageFindings> analyze(const detectors::ImageDocuments& image, std::stop_token stop) override;
  const EngineState& engine_state() const override { return state_; }
  const Digest& documents_state() const override { return analysis_.state(); }

 private:
  std::shared_ptr<const detectors::Engine> engine_;
  EngineState state_;
  detectors::ImageAnalysis analysis_;
  detectors::ScanLimits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<detectors::LayerScanner>> free_;  ///< as many as ever ran at once
};

}  // namespace landwaiter::daemon
