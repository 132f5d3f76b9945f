// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/peek_source.hpp"

#include <algorithm>

namespace landwaiter::detectors {

/// Copies view_ into store_, because the source's chunk becomes invalid with the next one.
void PeekSource::keep() {
  if (stored_) {
    store_.erase(store_.begin(), store_.begin() + (view_.data() - store_.data()));
  } else {
    store_.assign(view_.begin(), view_.end());
  }
  stored_ = true;
  view_ = store_;
}

Result<ByteView> PeekSource::peek(std::size_t want) {
  want = static_cast<std::size_t>(std::min<std::uint64_t>(want, left_));
  while (view_.size() < want && !ended_ && !failed_) {
    if (!view_.empty()) keep();
    const bool join = !view_.empty();
    auto chunk = source_.next();
    if (!chunk) {
      failed_ = chunk.error();
    } else if (chunk->empty()) {
      ended_ = true;
    } else if (join) {
      store_.insert(store_.end(), chunk->begin(), chunk->end());
      view_ = store_;
    } else {
      view_ = *chunk;
      stored_ = false;
    }
  }
  if (view_.empty() && failed_ && left_ > 0) return *failed_;
  return view_.first(static_cast<std::size_t>(std::min<std::uint64_t>(view_.size(), left_)));
}

Result<ByteView> PeekSource::next() {
  auto all = peek(1);
  if (all) consume(all->size());
  return all;
}

}  // namespace landwaiter::detectors
