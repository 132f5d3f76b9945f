// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/memory_meter.hpp"
#include "detectors/engine/peek_source.hpp"

namespace landwaiter::detectors {

/// Bytes that a reader needs all at once: an archive whose list of entries is not at its begin, or that list. They are the layer's memory.
class WholeFile {
 public:
  /// An error, and nothing is read, if the layer's memory does not suffice. Fewer bytes than `size` if there are no more.
  Result<void> keep(PeekSource& source, std::uint64_t size);
  ByteView bytes() const { return bytes_; }

 private:
  MemoryShare memory_;
  Bytes bytes_;
};

}  // namespace landwaiter::detectors
