// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/whole_file.hpp"

#include "core/base/text.hpp"

#include <algorithm>

namespace landwaiter::detectors {

Result<void> WholeFile::keep(PeekSource& source, std::uint64_t size) {
  if (!memory_.borrow(size)) {
    return Error(ErrorCode::unsupported, human_bytes(size) +
                                             " of it must be held at once, which is more memory than one worker has left: allow it more "
                                             "with --memory");
  }
  while (bytes_.size() < size) {
    const auto chunk = source.peek(1);
    if (!chunk) return chunk.error();
    if (chunk->empty()) break;
    if (bytes_.empty()) bytes_.reserve(static_cast<std::size_t>(size));
    const ByteView part = chunk->first(static_cast<std::size_t>(std::min<std::uint64_t>(chunk->size(), size - bytes_.size())));
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    source.consume(part.size());
  }
  return {};
}

}  // namespace landwaiter::detectors
