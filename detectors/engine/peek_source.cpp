// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/peek_source.hpp"

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
  if (view_.empty() && failed_) return *failed_;
  return view_;
}

Result<ByteView> PeekSource::next() {
  auto all = peek(1);
  if (all) view_ = {};
  return all;
}

}  // namespace landwaiter::detectors
