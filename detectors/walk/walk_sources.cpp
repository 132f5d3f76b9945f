// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/walk_sources.hpp"

#include <algorithm>
#include <utility>

namespace landwaiter::detectors {

Result<void> LayerWalk::Budget::spend(std::uint64_t bytes) {
  const ScanLimits& limits = walk.limits_;
  expanded_bytes += bytes;
  walk.nested_expanded_bytes_ += bytes;
  if (walk.nested_expanded_bytes_ > limits.nested_expanded_bytes_max) {
    exceeded = true;
    return Error(ErrorCode::limit_exceeded, "archives in this layer expand to more than " +
                                                std::to_string(limits.nested_expanded_bytes_max) +
                                                " bytes (nested_expanded_bytes_max): not read to its end");
  }
  bool ended = false;
  for (Budget* archive = this; archive != nullptr; archive = archive->outer) {
    archive->tree_bytes += bytes;
    const std::uint64_t ratio = archive->tree_bytes / std::max<std::uint64_t>(archive->compressed_bytes, 1);
    archive->exceeded = archive->exceeded || (archive->tree_bytes > limits.nested_ratio_free_bytes && ratio >= limits.nested_ratio_max);
    ended = ended || archive->exceeded;
  }
  if (!ended) return {};
  const std::string what = std::exchange(exceeded, true) ? "expands" : "lies in an archive that expands";
  return Error(ErrorCode::limit_exceeded, what + " to more than " + std::to_string(limits.nested_ratio_max) +
                                              " times its size (nested_ratio_max): not read to its end");
}

Result<void> LayerWalk::account(std::uint64_t bytes, bool nested, Budget* budget) {
  if (stop_.stop_requested()) return stopped();
  if (!nested) {
    report_.stats().expanded_bytes += bytes;
    layer_full_ = report_.stats().expanded_bytes > limits_.layer_expanded_bytes_max;
    if (!layer_full_) return {};
    return Error(ErrorCode::limit_exceeded, "the layer expands to more than " + std::to_string(limits_.layer_expanded_bytes_max) +
                                                " bytes (layer_expanded_bytes_max): the rest is not searched");
  }
  report_.stats().nested_bytes += bytes;
  return budget ? budget->spend(bytes) : Result<void>();
}

Result<ByteView> LayerWalk::EntrySource::next() {
  if (failed_) return *failed_;
  if (ended_) return ByteView{};
  auto block = archive_.read();
  if (!block) {
    failed_ = block.error();
    return *failed_;
  }
  ended_ = block->bytes.empty();
  if (ended_) return ByteView{};
  auto accounted = walk_.account(block->bytes.size(), nested_, budget_);
  if (!accounted) {
    failed_ = accounted.error();
  } else if (block->offset != position_) {
    failed_ = Error(ErrorCode::malformed, "content has a hole where there should be none");
  }
  if (failed_) return *failed_;
  position_ += block->bytes.size();
  return block->bytes;
}

Result<ByteView> LayerWalk::RawTee::next() {
  if (failed_) return *failed_;
  auto chunk = file_.next();
  if (!chunk) {
    failed_ = chunk.error();
    return *failed_;
  }
  bytes_ += chunk->size();
  raw_.push(*chunk);
  return *chunk;
}

void LayerWalk::RawTee::drain() {
  while (true) {
    const auto chunk = next();
    if (!chunk || chunk->empty()) return;
  }
}

Result<ByteView> LayerWalk::Spending::next() {
  if (walk_.stop_.stop_requested()) return stopped();
  if (budget_.exceeded) return budget_.spend(0).error();
  auto chunk = bytes_.next();
  if (!chunk || chunk->empty()) return chunk;
  auto spent = budget_.spend(chunk->size());
  if (!spent) return spent.error();
  return chunk;
}

}  // namespace landwaiter::detectors
