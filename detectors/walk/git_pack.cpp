// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/git_pack.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/engine/file_results.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace landwaiter::detectors {
namespace {

enum ObjectType : unsigned { kCommit = 1, kTree, kBlob, kTag, kOffsetDelta = 6, kReferenceDelta };

const char* name_of(unsigned type) {
  switch (type) {
    case kCommit: return "commit";
    case kTree: return "tree";
    case kBlob: return "blob";
    case kTag: return "tag";
    case kOffsetDelta:
    case kReferenceDelta: return "delta";
    default: return nullptr;
  }
}

constexpr std::size_t kPackHeaderBytes = 12;
constexpr std::size_t kBaseNameBytes = 20;
/// A size or an offset of 64 bits has no more than this many groups of seven.
constexpr unsigned kGroupsMax = 10;

}  // namespace

std::size_t DeltaInserts::filter(std::span<std::uint8_t> bytes) {
  std::size_t kept = 0;
  for (const std::uint8_t byte : bytes) {
    if (sizes_ > 0) {
      if ((byte & 0x80) == 0) --sizes_;
    } else if (skip_ > 0) {
      --skip_;
    } else if (insert_ > 0) {
      --insert_;
      bytes[kept++] = byte;
    } else if ((byte & 0x80) != 0) {
      skip_ = static_cast<unsigned>(std::popcount(static_cast<unsigned>(byte & 0x7f)));
    } else {
      insert_ = byte;
    }
  }
  return kept;
}

Result<ByteView> GitPack::input() {
  if (!returned_.empty()) return ByteView(returned_);
  return source_.peek(1);
}

/// Goes on in what input() gave.
void GitPack::take(std::size_t count) {
  constexpr std::size_t kDecoderAheadBytes = 8;
  const auto in = input();
  if (!in || count == 0) return;
  const ByteView taken = in->first(count);
  const ByteView last = taken.last(std::min(taken.size(), kDecoderAheadBytes));
  before_.insert(before_.end(), last.begin(), last.end());
  if (before_.size() > kDecoderAheadBytes) before_.erase(before_.begin(), before_.end() - kDecoderAheadBytes);
  if (returned_.empty()) source_.consume(count);
  else returned_.erase(returned_.begin(), returned_.begin() + static_cast<std::ptrdiff_t>(count));
}

std::optional<std::uint8_t> GitPack::byte() {
  const auto head = input();
  if (!head || head->empty()) return std::nullopt;
  const std::uint8_t value = head->front();
  take(1);
  return value;
}

EntryReader::Step GitPack::fail(const std::string& why) {
  const auto source = source_.peek(0);
  failed_ = true;
  error_ = source ? Error(ErrorCode::malformed, "git pack is damaged: " + why) : source.error();
  return Step::failed;
}

/// The rest of the object at hand, which nobody wanted.
bool GitPack::pass_over_object() {
  while (in_object_) {
    if (!read()) return false;
  }
  return true;
}

EntryReader::Step GitPack::next() {
  if (failed_ || !pass_over_object()) return Step::failed;
  if (!std::exchange(begun_, true)) {
    const auto head = source_.peek(kPackHeaderBytes);
    if (!head || head->size() < kPackHeaderBytes) return fail("it is too short");
    for (const std::uint8_t digit : head->subspan(8, 4)) count_ = count_ << 8U | digit;
    source_.consume(kPackHeaderBytes);
  }
  if (number_ == count_) return Step::end;
  auto head = byte();
  const unsigned type = head ? *head >> 4U & 7U : 0;
  for (unsigned group = 0; head && (*head & 0x80) != 0 && group < kGroupsMax; ++group) head = byte();
  if (type == kOffsetDelta && head) {
    head = byte();
    for (unsigned group = 0; head && (*head & 0x80) != 0 && group < kGroupsMax; ++group) head = byte();
  }
  for (std::size_t i = 0; type == kReferenceDelta && head && i < kBaseNameBytes; ++i) head = byte();
  if (!head) return fail("it ends early");
  if (name_of(type) == nullptr) return fail("an object of unknown type");
  entry_ = ArchiveEntry{};
  entry_.name = std::string(name_of(type)) + " " + std::to_string(++number_);
  is_delta_ = type == kOffsetDelta || type == kReferenceDelta;
  deltas_ += is_delta_ ? 1 : 0;
  delta_ = {};
  if (decoder_) decoder_->reset();
  else decoder_ = make_decoder(Compression::zlib);
  position_ = 0;
  in_object_ = true;
  return Step::entry;
}

Result<EntryReader::Block> GitPack::read() {
  if (failed_) return error_;
  while (in_object_) {
    const auto in = input();
    if (!in) {
      fail("");
      return error_;
    }
    const Decoder::Step step = decoder_->step(*in, buffer_);
    take(step.consumed);
    const std::size_t unread = std::min(step.unread, before_.size());
    returned_.insert(returned_.begin(), before_.end() - static_cast<std::ptrdiff_t>(unread), before_.end());
    in_object_ = !step.finished;
    if (step.error || (in_object_ && step.consumed == 0 && step.produced == 0)) {
      fail(step.error ? step.error->message() : "an object ends early");
      return error_;
    }
    const std::span<std::uint8_t> out = std::span(buffer_).first(step.produced);
    // What a delta copies is not handed on, so nobody else counts it.
    constexpr std::uint64_t kUnitsPerDeltaByte = 4;
    if (is_delta_ && !charge_work(kUnitsPerDeltaByte * out.size())) {
      failed_ = true;
      return error_ = no_work_for("not read to its end");
    }
    const std::size_t size = is_delta_ ? delta_.filter(out) : out.size();
    if (size == 0) continue;
    const Block block{position_, ByteView(out.first(size))};
    position_ += size;
    return block;
  }
  return Block{position_, {}};
}

}  // namespace landwaiter::detectors
