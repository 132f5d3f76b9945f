// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/work_meter.hpp"
#include "detectors/engine/engine_impl.hpp"
#include "detectors/engine/file_reader.hpp"
#include "detectors/engine/file_results.hpp"
#include "detectors/engine/scan_limits.hpp"

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::detectors {

/// One file on its way to the readers that want it. A reader that fails is a mistake in it: it costs what it would have found there,
/// and no other reader and no other file.
class FileReading {
 public:
  /// Asks all readers of the requested analyses. Null if none wants the file: most files cost only this question. `work` is what they may
  /// still cost in the layer, and outlives the reading: each byte that a reader gets brings it some.
  static std::unique_ptr<FileReading> open(const Engine::Impl& engine, const ScanLimits& limits, const ByAnalysis<bool>& wanted,
                                           ByAnalysis<WorkMeter>& work, const FileFacts& file);

  void push(ByteView bytes);
  /// As pushing that many zeros, which each reader's analysis pays for. The file is broken off for readers that cannot.
  void skip(std::uint64_t zeros, ByAnalysis<std::uint64_t>& zeros_left);
  /// The file ended.
  void finish();

  /// One reader, and what it reported.
  class Part;
  std::vector<std::unique_ptr<Part>>& parts() { return parts_; }

 private:
  FileReading() = default;
  std::vector<std::unique_ptr<Part>> parts_;
};

class FileReading::Part final : public ReportSink {
 public:
  Part(const FileReader& with, std::string_view label, const ScanLimits& limits, WorkMeter& work)
      : reader(with), limits_(limits), work_(work), label_(label) {}

  void add(Finding finding, std::uint64_t offset) override;
  void add(Package package, std::uint64_t offset) override;
  void add(Distribution distribution, std::uint64_t offset) override;
  void diagnose(ErrorCode code, std::string message, std::uint64_t offset) override;

  const FileReader& reader;
  FileResults results;  ///< without path and archive

 private:
  friend class FileReading;
  /// Runs what the reader does: it pays for that, and a mistake in it ends it alone.
  template <class Call>
  void guarded(Call call);
  void push(ByteView bytes);
  void skip(std::uint64_t zeros, std::uint64_t& zeros_left);
  /// Nothing more is read of the file.
  void end_with(ErrorCode code, std::string why);

  const ScanLimits& limits_;
  WorkMeter& work_;
  std::string label_;
  std::unique_ptr<FileConsumer> consumer_;  ///< null when it wants nothing more; goes before what it reports to
};

}  // namespace landwaiter::detectors
