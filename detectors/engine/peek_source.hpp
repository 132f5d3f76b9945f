// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>

namespace landwaiter::detectors {

/// A source whose next bytes can be inspected before they are consumed. Copies only if that crosses the end of a chunk.
class PeekSource final : public ByteSource {
 public:
  explicit PeekSource(ByteSource& source) : source_(source) {}

  /// All available bytes: at least `want`, fewer only if the source ends or fails. An error only if there are none. The view is valid
  /// until the next call of any member.
  Result<ByteView> peek(std::size_t want);
  /// Consumes `size` of the bytes that peek returned.
  void consume(std::size_t size) { view_ = view_.subspan(size); }
  Result<ByteView> next() override;
  /// Takes back the end of what next() returned last.
  void unread(ByteView rest) {
    if (!rest.empty()) view_ = rest;
  }

 private:
  void keep();

  ByteSource& source_;
  ByteView view_;  ///< not consumed yet; in the source's chunk or in store_
  Bytes store_;
  bool stored_ = false;  ///< view_ is in store_
  bool ended_ = false;
  std::optional<Error> failed_;
};

}  // namespace landwaiter::detectors
