// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/git_pack.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/engine/file_results.hpp"

#include <algorithm>
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
  offset_ += count;
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
  keep_object();
  return true;
}

EntryReader::Step GitPack::next() {
  if (failed_ || !pass_over_object()) return Step::failed;
  if (!std::exchange(begun_, true)) {
    const auto head = source_.peek(kPackHeaderBytes);
    if (!head || head->size() < kPackHeaderBytes) return fail("it is too short");
    for (const std::uint8_t digit : head->subspan(8, 4)) count_ = count_ << 8U | digit;
    source_.consume(kPackHeaderBytes);
    offset_ = kPackHeaderBytes;
  }
  if (number_ == count_) return end();
  constexpr std::uint64_t kObjectUnits = 1'500;
  if (!charge_work(kObjectUnits)) {
    failed_ = true;
    error_ = no_work_for("not read to its end");
    return Step::failed;
  }
  object_ = {};
  base_ = nullptr;
  begin_ = offset_;
  if (!begin_object()) return fail("it ends early");
  if (name_of(type_) == nullptr) return fail("an object of unknown type");
  whole_ = size_ <= GitObjects::kObjectBytesMax && (!is_delta_ || base_ != nullptr) && object_.reserve(size_);
  if (!whole_) base_ = nullptr;
  if (base_ != nullptr) type_ = base_->type;
  object_.type = type_;
  apart_ += is_delta_ && base_ == nullptr ? 1 : 0;
  entry_ = ArchiveEntry{};
  entry_.name = std::string(name_of(type_)) + " " + std::to_string(++number_);
  delta_ = {};
  warning_.reset();
  if (decoder_) decoder_->reset();
  else decoder_ = make_decoder(Compression::zlib);
  position_ = inflated_ = 0;
  in_object_ = true;
  return Step::entry;
}

/// Reads its type and size, and what it is a difference to.
bool GitPack::begin_object() {
  auto head = byte();
  type_ = head ? *head >> 4U & 7U : 0;
  size_ = head ? *head & 0xfU : 0;
  for (unsigned group = 0; head && (*head & 0x80) != 0 && group < kGroupsMax; ++group) {
    head = byte();
    const unsigned shift = 4 + 7 * group;
    if (head && shift < 60) size_ |= std::uint64_t{*head & 0x7fU} << shift;
  }
  is_delta_ = type_ == kOffsetDelta || type_ == kReferenceDelta;
  return head && (!is_delta_ || read_base());
}

bool GitPack::read_base() {
  if (type_ == kReferenceDelta) {
    Bytes name;
    while (name.size() < kBaseNameBytes) {
      const auto next = byte();
      if (!next) return false;
      name.push_back(*next);
    }
    base_ = kept_.named(name);
    return true;
  }
  auto next = byte();
  std::uint64_t back = next ? *next & 0x7fU : 0;
  for (unsigned group = 0; next && (*next & 0x80) != 0 && group < kGroupsMax; ++group) {
    next = byte();
    if (next) back = (back + 1) << 7U | (*next & 0x7fU);
  }
  if (next && back <= begin_) base_ = kept_.at(begin_ - back);
  return next.has_value();
}

/// Behind the last object is a checksum of all, and nothing more.
EntryReader::Step GitPack::end() {
  constexpr std::size_t kSha1Bytes = 20, kSha256Bytes = 32;
  const auto rest = source_.peek(kSha256Bytes + 1);
  const std::size_t size = returned_.size() + (rest ? rest->size() : 0);
  if (size < kSha1Bytes) return fail("it ends early");
  if (size != kSha1Bytes && size != kSha256Bytes) return fail("behind its last object are bytes that are not its checksum");
  if (rest) source_.consume(rest->size());
  return Step::end;
}

/// The next piece of the object at hand; empty at its end.
Result<ByteView> GitPack::inflate() {
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
    offset_ -= unread;
    in_object_ = !step.finished;
    if (step.error || (in_object_ && step.consumed == 0 && step.produced == 0)) {
      fail(step.error ? step.error->message() : "an object ends early");
      return error_;
    }
    inflated_ += step.produced;
    if (inflated_ > size_ || (!in_object_ && inflated_ < size_)) {
      fail("an object has not the size that it says");
      return error_;
    }
    // What a delta copies is not handed on, so nobody else counts it.
    constexpr std::uint64_t kUnitsPerDeltaByte = 4;
    if (is_delta_ && !charge_work(kUnitsPerDeltaByte * step.produced)) {
      failed_ = true;
      return error_ = no_work_for("not read to its end");
    }
    if (step.produced > 0) return ByteView(buffer_).first(step.produced);
  }
  return ByteView{};
}

void GitPack::keep_object() {
  if (std::exchange(whole_, false)) kept_.keep(begin_, std::move(object_));
}

Result<EntryReader::Block> GitPack::read() {
  if (failed_) return error_;
  if (base_ != nullptr) return read_delta();
  while (true) {
    const auto piece = inflate();
    if (!piece) return piece.error();
    if (piece->empty()) break;
    if (whole_) object_.bytes.insert(object_.bytes.end(), piece->begin(), piece->end());
    const std::size_t size = is_delta_ ? delta_.filter(std::span(buffer_).first(piece->size())) : piece->size();
    if (size == 0) continue;
    const Block block{position_, piece->first(size)};
    position_ += size;
    return block;
  }
  if (is_delta_ && !delta_.whole()) warning_ = Error(ErrorCode::malformed, "a difference to another object is damaged");
  return Block{position_, {}};
}

/// The whole object at once, or, if it cannot be put together, what the delta adds.
Result<EntryReader::Block> GitPack::read_delta() {
  const GitObject* const base = std::exchange(base_, nullptr);
  while (true) {
    const auto piece = inflate();
    if (!piece) return piece.error();
    if (piece->empty()) break;
    object_.bytes.insert(object_.bytes.end(), piece->begin(), piece->end());
  }
  is_delta_ = false;  // from here on it is what it makes
  auto made = apply_delta(*base, object_.bytes);
  whole_ = made.has_value();
  if (made) {
    object_ = std::move(*made);
    position_ = object_.bytes.size();
  } else {
    if (made.error().code() == ErrorCode::malformed) warning_ = made.error();
    else ++apart_;
    position_ = delta_.filter(object_.bytes);
  }
  return Block{0, ByteView(object_.bytes).first(static_cast<std::size_t>(position_))};
}

}  // namespace landwaiter::detectors
