// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/layer_walk.hpp"

#include "core/base/text.hpp"

#include <utility>

namespace landwaiter::detectors {
namespace {

/// A file's bytes before the walk: readers get them as well.
class ReaderTee final : public ByteSource {
 public:
  ReaderTee(ByteSource& file, FileReading& readers) : file_(file), readers_(readers) {}

  Result<ByteView> next() override {
    auto chunk = file_.next();
    if (chunk && !chunk->empty()) readers_.push(*chunk);
    return chunk;
  }

 private:
  ByteSource& file_;
  FileReading& readers_;
};

/// A hard link's target is a path as any other; that of a symbolic link is text that only its reader can interpret.
std::string link_target_of(const EntryReader& archive) {
  if (!archive.entry().link_target.empty()) return entry_path(archive.entry().link_target).text;
  return printable(std::string_view(archive.symbolic_link()).substr(0, limits::path_bytes_max));
}

}  // namespace

std::unique_ptr<FileReading> LayerWalk::open_readers(const EntryReader* archive) {
  if (engine_.readers.empty() || !part_of_image_) return nullptr;
  FileFacts facts;
  facts.path = place_.path;
  facts.archive = place_.archive;
  if (archive == nullptr) return FileReading::open(engine_, limits_, memory_.files.wanted, memory_.files.reader_work, facts);
  const ArchiveEntry& entry = archive->entry();
  const std::string link_target = link_target_of(*archive);
  const std::optional<EntryMetadata> metadata = archive->metadata();
  facts.type = entry.type;
  if (entry.size_known) facts.size_bytes = entry.size_bytes;
  facts.link_target = link_target;
  facts.metadata = metadata ? &*metadata : nullptr;
  return FileReading::open(engine_, limits_, memory_.files.wanted, memory_.files.reader_work, facts);
}

void LayerWalk::offer_entry(const EntryReader& archive) {
  const auto readers = open_readers(&archive);
  if (!readers) return;
  readers->finish();
  report_of(*readers);
}

/// As scan_file. That gives an error unless it has read the file to its end.
Result<void> LayerWalk::scan_content(ByteSource& content, std::optional<std::uint64_t> exact_size, std::size_t depth,
                                     FileReading* readers) {
  if (readers == nullptr) return scan_file(content, exact_size, depth);
  ReaderTee tee(content, *readers);
  auto scanned = scan_file(tee, exact_size, depth);
  if (scanned) readers->finish();
  return scanned;
}

void LayerWalk::report_of(FileScan& scan) {
  const std::size_t before = report_.findings();
  for (const Analysis analysis : report_.wanted()) report_.add(analysis, scan.found(analysis), place_);
  progress_.findings += report_.findings() - before;
}

void LayerWalk::report_of(FileReading& readers) {
  const std::size_t before = report_.findings();
  for (const auto& part : readers.parts()) report_.add(part->reader.analysis(), part->results, place_);
  progress_.findings += report_.findings() - before;
}

}  // namespace landwaiter::detectors
