// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>

namespace landwaiter::detectors {

/// A source whose next bytes can be looked at before they are taken. Copies only where a look goes over a chunk's end.
class PeekSource final : public ByteSource {
 public:
  explicit PeekSource(ByteSource& source) : source_(source) {}

  /// All bytes at hand: at least `want`, less only where the source ends or fails. An error only when there are none.
  /// The view is valid until the next call of anything here.
  Result<ByteView> peek(std::size_t want);
  /// Takes `size` of the bytes that peek showed.
  void consume(std::size_t size) { view_ = view_.subspan(size); }
  Result<ByteView> next() override;

 private:
  void keep();

  ByteSource& source_;
  ByteView view_;  ///< not taken yet; in the source's chunk or in store_
  Bytes store_;
  bool stored_ = false;  ///< view_ is in store_
  bool ended_ = false;
  std::optional<Error> failed_;
};

}  // namespace landwaiter::detectors
