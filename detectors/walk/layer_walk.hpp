// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/archives/archive_reader.hpp"
#include "detectors/archives/entry_reader.hpp"
#include "detectors/engine/file_reading.hpp"
#include "detectors/engine/file_scan.hpp"
#include "detectors/walk/entry_path.hpp"
#include "detectors/walk/layer_scanner.hpp"
#include "detectors/walk/report_builder.hpp"
#include "detectors/walk/sniff.hpp"

#include <memory>
#include <optional>
#include <stop_token>

namespace landwaiter::detectors {

/// State that a worker keeps between layers.
struct WalkMemory {
  explicit WalkMemory(const Engine::Impl& engine);
  FileScanMemory files;
  BufferPool inflated;
};

/// Goes through one layer: its tar, each file's bytes, and the archives inside files, down to a depth. An archive is opened where a file
/// begins with one, where another one ends (an initial RAM disk has several), and, if it is a zip, wherever it begins: whatever precedes
/// it, zip tools find it by its end. Formats that are known but not opened get a diagnostic.
///
/// The raw bytes of an archive file are also searched. Of these findings, only assets are kept that opening the archive did not find:
/// this covers data before, after and between entries, in damaged or encrypted archives and in files that only look like archives,
/// without counting stored entries twice.
///
/// Damage is reported as a diagnostic on the innermost object concerned, and the walk continues after it. The walk ends early if `stop`
/// is requested; the caller must check.
class LayerWalk {
 public:
  LayerWalk(const Engine::Impl& engine, WalkMemory& memory, const ScanLimits& limits, ReportBuilder& report, ScanProgress& progress,
            std::stop_token stop);

  /// `layer` is the uncompressed layer. Reads it to the end of its tar, not to its own.
  void walk(ByteSource& layer);

 private:
  class EntrySource;
  class RawTee;
  class Spending;
  struct Budget;
  struct Parts;

  // layer_walk.cpp: the layer itself
  void layer_entry(EntryReader& archive);
  void layer_file(EntryReader& archive);
  void check_trailer(const EntryReader& archive, ByteSource& layer);
  void diagnose_header(const ArchiveEntry& entry, const EntryPath& path);

  // layer_walk_parts.cpp: one file and the archives in it. An error is one of the file itself, not diagnosed yet; `depth` counts the
  // archives around the file.
  Result<void> scan_file(ByteSource& file, std::optional<std::uint64_t> exact_size, std::size_t depth);
  Result<void> scan_parts(PeekSource& file, Content content, std::size_t depth);
  bool open_part(Parts& parts, const Content& content, std::size_t depth);
  bool begin_parts(Parts& parts, const Content& content, std::size_t depth);
  Result<Content> next_part(Parts& parts);
  Result<Content> next_place(Parts& parts);
  Result<Content> script_payload(Parts& parts);
  void tell_of_rest(Parts& parts, const Content& content);
  static Error bytes_behind(std::string_view what);
  static void begin_member(Parts& parts, std::uint64_t bytes);
  Content next_member(Parts& parts);
  Content rpm_payload(Parts& parts);
  void report_parts(Parts& parts);
  Result<void> scan_sparse(EntryReader& archive, Budget* budget, FileReading* readers);

  // layer_walk_nested.cpp: what is in an archive. `budget` is null when a level further out accounts for the bytes.
  Result<void> scan_entry(EntryReader& archive, Budget* budget, std::size_t depth);
  Result<void> open_content(PeekSource& bytes, const Content& content, Budget& budget, std::size_t depth, bool& opened);
  Result<void> open_git_pack(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened);
  Result<void> open_cpio(PeekSource& bytes, Budget* budget, std::size_t depth, bool& opened);
  Result<void> open_asar(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened);
  Result<void> open_cab(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened);
  Result<void> open_seven_zip(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened);
  Result<void> open_sqlite(PeekSource& bytes, Budget& budget, std::size_t depth, bool& opened);
  Result<void> open_compressed(PeekSource& bytes, Compression compression, Budget& budget, std::size_t depth, bool& opened);
  Result<void> open_inflated(PeekSource& content, std::size_t depth);
  Result<void> open_archive(PeekSource& bytes, ArchiveFormat format, Budget* budget, std::size_t depth, bool& opened);
  Result<void> walk_entries(EntryReader& archive, Budget* budget, std::size_t depth, bool& opened);
  Result<void> nested_entry(EntryReader& archive, Budget* budget, std::size_t depth);
  Result<void> account(std::uint64_t bytes, bool nested, Budget* budget);
  Error too_many_entries() const;
  static Error stopped();

  // layer_walk_readers.cpp: the readers that choose files by name. Null when none wants the file or entry where the walk is; `archive`
  // is null for what a compressed file holds.
  std::unique_ptr<FileReading> open_readers(const EntryReader* archive);
  void offer_entry(const EntryReader& archive);
  Result<void> scan_content(ByteSource& content, std::optional<std::uint64_t> exact_size, std::size_t depth, FileReading* readers);
  void report_of(FileReading& readers);
  void report_of(FileScan& scan);

  /// For the current file or entry.
  std::string_view name() const;

  const Engine::Impl& engine_;
  WalkMemory& memory_;
  const ScanLimits& limits_;
  ReportBuilder& report_;
  ScanProgress& progress_;
  std::stop_token stop_;
  std::unique_ptr<FileScan> leaf_;  ///< for the innermost file; never null
  Place place_;                     ///< where the walk is
  Budget* innermost_ = nullptr;     ///< of the archive that is open where the walk is
  std::uint64_t entries_ = 0;
  std::uint64_t nested_entries_ = 0;
  std::uint64_t nested_expanded_bytes_ = 0;
  ByAnalysis<std::uint64_t> reader_zeros_left_{};
  bool part_of_image_ = true;  ///< what the layer's entry at hand brings; else nobody reads it by name
  bool layer_full_ = false;    ///< layer_expanded_bytes_max was reached
};

}  // namespace landwaiter::detectors
