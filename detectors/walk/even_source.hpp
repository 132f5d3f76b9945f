// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>

namespace landwaiter::detectors {

/// The bytes of a source in chunks of equal size, except the last: so nothing after it (a decoder's output before damage, a limit checked
/// between chunks) can depend on how the network split them. Chunks that already have that size are passed on without a copy.
class EvenSource final : public ByteSource {
 public:
  EvenSource(ByteSource& source, std::size_t chunk_bytes) : source_(source), chunk_bytes_(chunk_bytes) {}
  Result<ByteView> next() override;

 private:
  ByteSource& source_;
  std::size_t chunk_bytes_;
  ByteView left_;  ///< of the source's last chunk, not handed out yet
  Bytes joined_;
  bool ended_ = false;
  std::optional<Error> failed_;
};

}  // namespace landwaiter::detectors
