// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/even_source.hpp"

#include <algorithm>

namespace landwaiter::detectors {

Result<ByteView> EvenSource::next() {
  joined_.clear();
  while (!ended_ && !failed_) {
    if (left_.empty()) {
      auto chunk = source_.next();
      if (!chunk) {
        failed_ = chunk.error();
      } else {
        left_ = *chunk;
        ended_ = left_.empty();
      }
      continue;
    }
    const ByteView part = left_.first(std::min(left_.size(), chunk_bytes_ - joined_.size()));
    left_ = left_.subspan(part.size());
    if (part.size() == chunk_bytes_) return part;
    joined_.insert(joined_.end(), part.begin(), part.end());
    if (joined_.size() == chunk_bytes_) return ByteView(joined_);
  }
  // An error is held back until the bytes before it have been taken.
  if (joined_.empty() && failed_) return *failed_;
  return ByteView(joined_);
}

}  // namespace landwaiter::detectors
