// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/file_reader.hpp"

#include "core/base/limits.hpp"
#include "core/base/memory_meter.hpp"
#include "core/base/text.hpp"
#include "detectors/engine/file_results.hpp"

#include <algorithm>
#include <utility>

namespace landwaiter::detectors {
namespace {

class WholeFile final : public FileConsumer {
 public:
  WholeFile(std::uint64_t bytes_max, std::function<void(ByteView)> read, ReportSink& sink)
      : bytes_max_(std::min(bytes_max, limits::whole_file_bytes_max)), read_(std::move(read)), sink_(sink) {}

  void push(ByteView bytes) override {
    if (too_large_) return;
    if (bytes.size() > bytes_max_ - bytes_.size()) {
      give_up();
      return sink_.diagnose(ErrorCode::limit_exceeded, "not read: larger than the " + human_bytes(bytes_max_) + " expected of such a file",
                            0);
    }
    if (!make_room(bytes_, bytes.size(), memory_)) {
      give_up();
      const Error refused = no_memory_for("not read");
      return sink_.diagnose(refused.code(), refused.message(), 0);
    }
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  void finish() override {
    if (!too_large_) read_(bytes_);
  }

 private:
  void give_up() {
    too_large_ = true;
    bytes_ = {};
    memory_.clear();
  }

  std::uint64_t bytes_max_;
  std::function<void(ByteView)> read_;
  ReportSink& sink_;
  MemoryShare memory_;  ///< before what it pays for
  Bytes bytes_;
  bool too_large_ = false;
};

}  // namespace

std::unique_ptr<FileConsumer> whole_file(std::uint64_t bytes_max, std::function<void(ByteView)> read, ReportSink& sink) {
  return std::make_unique<WholeFile>(bytes_max, std::move(read), sink);
}

}  // namespace landwaiter::detectors
