// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/seven_zip.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/engine/file_results.hpp"

#include <algorithm>
#include <utility>

namespace landwaiter::detectors {

EntryReader::Step SevenZip::fail(Error error) {
  failed_ = true;
  error_ = std::move(error);
  return Step::failed;
}

EntryReader::Step SevenZip::next() {
  if (failed_) return Step::failed;
  if (!header_) {
    auto header = seven_zip::read_header_of(archive_);
    if (!header) return fail(header.error());
    header_ = std::move(*header);
  }
  if (!pass_over()) return Step::failed;
  constexpr std::uint64_t kEntryUnits = 1'500;
  if (file_ < header_->files.size() && !charge_work(kEntryUnits)) return fail(no_work_for("not read to its end"));
  if (file_ == header_->files.size()) {
    if (stream_ < header_->streams.size()) return fail({ErrorCode::malformed, "7z archive is damaged: it holds content that is no file's"});
    return Step::end;
  }
  const seven_zip::File& file = header_->files[file_++];
  entry_ = ArchiveEntry{};
  entry_.name = header_->name_of(file);
  entry_.size_known = true;
  if (file.is_directory) entry_.type = ArchiveEntry::Type::directory;
  if (!file.has_stream) return Step::entry;
  while (stream_of_folder_ >= header_->folders[folder_].streams) {
    ++folder_;
    stream_of_folder_ = 0;
    at_folder_ = false;
  }
  if (!std::exchange(at_folder_, true)) open(header_->folders[folder_]);
  entry_.size_bytes = header_->streams[stream_].bytes;
  if (broken_ && broken_->code() == ErrorCode::unsupported) entry_.unsupported = broken_->message();
  position_ = 0;
  checksum_ = 0;
  in_file_ = true;
  return Step::entry;
}

void SevenZip::open(const seven_zip::Folder& folder) {
  constexpr std::uint64_t kOpenUnits = 25'000;
  broken_.reset();
  decoder_.reset();
  packed_ = archive_.subspan(static_cast<std::size_t>(folder.packed_at), static_cast<std::size_t>(folder.packed_bytes));
  if (!charge_work(kOpenUnits)) {
    broken_ = no_work_for("not unpacked");
    return;
  }
  auto decoder = seven_zip::open_folder(folder);
  if (decoder) decoder_ = std::move(*decoder);
  else broken_ = decoder.error();
}

/// The rest of the file at hand, which nobody wanted.
bool SevenZip::pass_over() {
  constexpr std::uint64_t kUnitsPerByte = 10;
  while (in_file_ && !broken_) {
    const auto block = read();
    if (!block || block->bytes.empty()) break;
    if (!charge_work(kUnitsPerByte * block->bytes.size())) {
      fail(no_work_for("not read to its end"));
      return false;
    }
  }
  if (std::exchange(in_file_, false)) {
    ++stream_;
    ++stream_of_folder_;
  }
  warning_.reset();
  return true;
}

/// The next piece of the file at hand.
Result<ByteView> SevenZip::unpack() {
  const std::uint64_t left = header_->streams[stream_].bytes - position_;
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), left));
  const Error early(ErrorCode::malformed, "7z archive is damaged: its content ends early");
  if (!decoder_) {
    const ByteView piece = packed_.first(std::min(packed_.size(), wanted));
    packed_ = packed_.subspan(piece.size());
    if (piece.empty()) return early;
    return piece;
  }
  while (true) {
    const Decoder::Step step = decoder_->step(packed_, std::span(buffer_).first(wanted));
    packed_ = packed_.subspan(step.consumed);
    if (step.produced > 0) return ByteView(buffer_).first(step.produced);
    if (step.error) return *step.error;
    if (step.finished && !packed_.empty() && step.consumed > 0) decoder_->reset();
    else if (step.consumed == 0) return early;
  }
}

Result<EntryReader::Block> SevenZip::read() {
  if (failed_) return error_;
  if (broken_) return *broken_;
  const seven_zip::Stream* const stream = in_file_ ? &header_->streams[stream_] : nullptr;
  if (stream == nullptr || position_ == stream->bytes) {
    if (stream != nullptr && stream->checksum && *stream->checksum != checksum_)
      warning_ = Error(ErrorCode::malformed, "content is damaged: its checksum is wrong");
    return Block{position_, {}};
  }
  const auto piece = unpack();
  if (!piece) {
    broken_ = piece.error();
    return *broken_;
  }
  checksum_ = seven_zip::checksum_of(*piece, checksum_);
  const Block block{position_, *piece};
  position_ += piece->size();
  return block;
}

}  // namespace landwaiter::detectors
