// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <limits>
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
  void consume(std::size_t size) {
    view_ = view_.subspan(size);
    if (left_ != kAll) left_ -= size;
  }
  Result<ByteView> next() override;
  /// Takes back the end of what next() returned last.
  void unread(ByteView rest) {
    if (rest.empty()) return;
    view_ = ByteView(rest.data(), rest.size() + view_.size());
    if (left_ != kAll) left_ += rest.size();
  }

  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  /// From here on, only so many bytes are shown, as if they were all: what reads a part cannot go beyond it. kAll ends that.
  void end_after(std::uint64_t bytes) { left_ = bytes; }
  /// How many bytes have been taken from the source and not been consumed.
  std::size_t ahead() const { return view_.size(); }

 private:
  void keep();

  ByteSource& source_;
  ByteView view_;  ///< not consumed yet; in the source's chunk or in store_
  std::uint64_t left_ = kAll;
  Bytes store_;
  bool stored_ = false;  ///< view_ is in store_
  bool ended_ = false;
  std::optional<Error> failed_;
};

}  // namespace landwaiter::detectors
