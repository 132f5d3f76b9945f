// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/fork_server.hpp"
#include "daemon/reader/content_reader.hpp"
#include "daemon/reader/reader_messages.hpp"

#include <memory>
#include <mutex>

namespace landwaiter::daemon {

struct IsolationSettings {
  std::string program{};  ///< file of the program to start; empty: this one
  /// A reader from which nothing is heard for so long is stopped or stuck; it says that it lives each second.
  std::chrono::milliseconds silence_max = limits::reader_silence_max;
  /// How long a reader is waited for in all, as a multiple of the CPU time that it may use.
  int wait_per_cpu_time = limits::reader_wait_per_cpu_time;
  /// Where the system refuses a reader memory, behind what it counts itself; 0: ReaderSettings::memory_bytes_max.
  std::uint64_t memory_bytes_max = 0;
};

/// Reads each layer, and each image's documents, in a process of its own, which has neither our memory nor a way to a file or to the
/// network, and ends with its layer. One that dies, overruns or is stopped costs its layer an error; the next layer gets a new one. The
/// digest is proven here: what a reader says of other bytes never counts.
class IsolatedReader final : public ContentReader {
 public:
  /// Starts the fork server of readers, and waits until it is ready. Error: configuration, unavailable, timeout.
  static Result<std::shared_ptr<IsolatedReader>> create(const ReaderSettings& settings, const IsolationSettings& isolation = {});
  ~IsolatedReader() override;

  Result<ScannedLayer> scan(ByteSource& blob, const Digest& layer, std::uint64_t size_bytes, std::span<const Analysis> wanted,
                            detectors::ScanProgress& progress, std::stop_token stop) override;
  Result<detectors::ImageFindings> analyze(const detectors::ImageDocuments& image, std::stop_token stop) override;
  const EngineState& engine_state() const override { return states_.engine; }
  const Digest& documents_state() const override { return states_.documents; }

 private:
  class Conversation;

  IsolatedReader(ReaderSettings settings, IsolationSettings isolation);
  Result<std::shared_ptr<ForkServer>> start_server();
  /// A child of the server, or of a new one when that one has ended.
  Result<std::unique_ptr<Conversation>> open(const std::string& what, std::stop_token stop);

  ReaderSettings settings_;
  IsolationSettings isolation_;
  ReaderStates states_;
  std::mutex mutex_;
  std::shared_ptr<ForkServer> server_;  ///< conversations keep the one that they began with
};

}  // namespace landwaiter::daemon
