// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/memory_meter.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/engine/answers.hpp"
#include "detectors/engine/buffer_pool.hpp"
#include "detectors/engine/engine_impl.hpp"
#include "detectors/engine/file_results.hpp"
#include "detectors/engine/inflate.hpp"
#include "detectors/engine/line_counter.hpp"
#include "detectors/engine/scan_limits.hpp"
#include "detectors/engine/secret_ids.hpp"

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// State shared by all scans of one worker. Not thread-safe.
struct FileScanMemory {
  explicit FileScanMemory(const Engine::Impl& engine);
  Prefilter::Scratch scratch;
  BufferPool windows;
  BufferPool inflated;  ///< of what was encoded as text
  /// For the layer at hand:
  ByAnalysis<bool> wanted{};
  ByAnalysis<SecretIds> secret_ids{};
  ByAnalysis<std::uint64_t> guess_rounds_left{};  ///< see FindingSink::spend
  std::uint64_t guess_rounds_used = 0;
  ByAnalysis<Answers> answers;          ///< of copies of what was read already
  ByAnalysis<WorkMeter> work{};         ///< what detectors may still cost
  ByAnalysis<WorkMeter> reader_work{};  ///< the same of file readers, apart: what comes first depends on how bytes were cut
  WorkMeter walk_work;                  ///< the same of the walk: what it takes to open what files hold
  std::stop_token stop;                 ///< asked before each hit: after it nothing is found

  void begin_layer(std::span<const Analysis> analyses, const ScanLimits& limits, std::stop_token stop = {});
  /// What everything has cost since then, in units of WorkMeter.
  std::uint64_t used() const;
  /// Work and guesses that these bytes of a file bring.
  void earn(std::uint64_t bytes, const ScanLimits& limits);
};

/// Takes one file's bytes in any pieces, matches each once against all triggers, and calls the wanted detectors with windows that hold
/// the promised context: hits near a window's end wait until the following bytes have arrived. Results do not depend on how the bytes
/// were split. Findings and diagnostics are collected here without a path, for the caller to take.
class FileScan {
 public:
  FileScan(const Engine::Impl& engine, FileScanMemory& memory, const ScanLimits& limits);
  ~FileScan();

  /// Prepares for the next file, with this name.
  void reset(std::string_view name);
  /// Takes the window that push() needs and keeps it from file to file. False if the layer has no memory left for it.
  bool keep_window();

  /// Scans a complete file not larger than limits::window_bytes, without a copy.
  void whole(ByteView file);
  void push(ByteView bytes);
  /// Like pushing that many zeros, at a bounded cost: for the holes of sparse files.
  void skip(std::uint64_t zeros);
  /// The file ended; the waiting hits get their windows, and a window that is not kept goes back.
  void finish();

  FileResults& found(Analysis analysis) { return found_[index_of(analysis)]; }

 private:
  class Sink;

  /// An object that a detector requested, being gathered.
  struct Object {
    std::uint32_t pattern = 0;  ///< of the hit
    std::uint64_t hit_end = 0;  ///< file offset
    std::uint64_t begin = 0;    ///< file offset
    std::uint64_t size = 0;
    MemoryShare memory = {};
    Bytes bytes = {};
    LineCounter lines = {};  ///< of them
  };

  void diagnose(Analysis analysis, ErrorCode code, std::string message);
  void diagnose(Analysis analysis, const Error& error) { diagnose(analysis, error.code(), error.message()); }
  void give_up();
  void leave_out_opened();
  void process(bool ends_file);
  void process(Window window);
  void match(const Window& window);
  void deliver(const Window& window, const Prefilter::Match& hit);
  void inspect(const Window& window, const Prefilter::Match& hit, bool may_need, LineCounter& lines);
  bool gather(const Window& window, const Prefilter::Match& hit, std::size_t begin, std::uint64_t size);
  void feed_objects(const Window& window);
  void deliver_object(Object object, bool ends_file);
  void scan_decoded(Analysis analysis, std::string_view encoding, ByteView bytes, FilePlace place);
  void scan_zip(Analysis analysis, std::string_view encoding, ByteView bytes, FilePlace place);
  /// For bytes that were decoded in this way, and compressed before if the second name is not empty; and what was found in them.
  FileScan& begin_inner(Analysis analysis, std::string_view encoding, std::string_view compression);
  void take_inner(Analysis analysis, FilePlace place);
  void scan_inflated(ByteSource& content);
  void note_fresh(std::vector<Prefilter::Match>::iterator fresh);
  /// False for an analysis that only reads files by path: when no other is wanted, nothing is searched.
  bool listens(Analysis analysis) const {
    const std::size_t i = index_of(analysis);
    return memory_.wanted[i] && engine_.searches[i] && only_.value_or(analysis) == analysis;
  }
  bool all_exhausted() const;
  bool affordable(Analysis analysis);
  void pay_for_pending();
  void retain();
  void push_zeros(std::uint64_t count);
  std::uint64_t lookbehind() const;
  /// True if no further byte can change anything.
  bool done() const { return pending_.empty() && objects_.empty() && all_exhausted(); }

  const Engine::Impl& engine_;
  FileScanMemory& memory_;
  const ScanLimits& limits_;
  BufferPool::Loan buffer_;
  bool keeps_window_ = false;
  std::size_t filled_ = 0;                 ///< bytes in buffer_
  std::uint64_t base_ = 0;                 ///< file offset of buffer_[0]
  std::uint64_t matched_ = 0;              ///< file offset up to which matches are known
  std::vector<Prefilter::Match> pending_;  ///< not delivered yet, with file offsets, sorted
  MemoryShare pending_memory_;
  std::vector<std::uint64_t> consumed_;  ///< for each detector; sized with the first hit
  std::vector<Object> objects_;          ///< being gathered
  OpenedPlaces opened_;                  ///< where no key is encrypted for us
  LineCounter lines_;
  std::string name_;
  Bytes head_;                          ///< the first bytes of a file that is longer than a window
  std::unique_ptr<FileScan> inner_;     ///< for decoded bytes; created when needed
  std::vector<std::string> encodings_;  ///< that these bytes were decoded from, outermost first
  std::optional<Analysis> only_;        ///< whose detector decoded these bytes; nothing for a file
  ByAnalysis<std::size_t> triggers_{};
  ByAnalysis<bool> exhausted_{};     ///< triggers_per_file_max was reached
  ByAnalysis<bool> unaffordable_{};  ///< its diagnostic was given
  ByAnalysis<FileResults> found_;
};

}  // namespace landwaiter::detectors
