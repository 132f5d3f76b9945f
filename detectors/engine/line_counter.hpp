// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/work_meter.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

namespace landwaiter::detectors {

/// Tells in which line of a text file a place is, while a window moves over it. Nothing is counted in other files, and in a window only
/// when somebody asks. The answers do not depend on how the file was cut into windows.
class LineCounter {
 public:
  /// A file that begins with these bytes (limits::file_head_bytes of them) follows.
  void begin(ByteView head);
  /// The window loses its first bytes.
  void pass(ByteView window, std::size_t count);
  /// A hole follows, which no text has.
  void pass_hole() { text_ = false; }
  /// Of window[index], counted from 1. Nothing if the file is no text up to there.
  std::optional<std::uint64_t> line(ByteView window, std::size_t index);
  /// For bytes that begin at window[index] and are kept apart.
  LineCounter from(ByteView window, std::size_t index);

 private:
  /// Characters that no text has; among them those by which DER, archives and programs begin.
  static bool is_binary(std::uint8_t byte) {
    return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f' && byte != '\v' && byte != 0x1b) || byte == 0x7f;
  }
  static std::uint64_t line_ends(ByteView bytes) {
    // Short ways are part of what a finding costs (limits::finding_work).
    constexpr std::size_t kBytesFree = 4096, kBytesPerUnit = 8;
    if (bytes.size() > kBytesFree) charge_work(bytes.size() / kBytesPerUnit);
    return static_cast<std::uint64_t>(std::ranges::count(bytes, std::uint8_t{'\n'}));
  }
  void count_to(ByteView window, std::size_t index);
  void note_zeros(ByteView bytes, std::uint64_t position);

  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  bool text_ = false;
  std::uint64_t base_ = 0;        ///< of the window in the file
  std::uint64_t base_lines_ = 0;  ///< line ends before it
  std::size_t known_ = 0;         ///< index in the window up to which line ends are counted
  std::uint64_t known_lines_ = 0;
  std::uint64_t zero_ = kNone;  ///< the first zero byte that was seen: from there on the file is no text
};

inline void LineCounter::begin(ByteView head) {
  *this = {};
  text_ = std::ranges::none_of(head, is_binary);
}

inline void LineCounter::note_zeros(ByteView bytes, std::uint64_t position) {
  if (zero_ != kNone || bytes.empty()) return;
  if (const void* zero = std::memchr(bytes.data(), 0, bytes.size()))
    zero_ = position + static_cast<std::uint64_t>(static_cast<const std::uint8_t*>(zero) - bytes.data());
}

inline void LineCounter::count_to(ByteView window, std::size_t index) {
  if (index >= known_) {
    const ByteView fresh = window.subspan(known_, index - known_);
    note_zeros(fresh, base_ + known_);
    known_lines_ += line_ends(fresh);
  } else {
    known_lines_ -= line_ends(window.subspan(index, known_ - index));
  }
  known_ = index;
}

inline void LineCounter::pass(ByteView window, std::size_t count) {
  if (!text_) return;
  count_to(window, count);
  base_ += count;
  base_lines_ += known_lines_;
  known_ = known_lines_ = 0;
  text_ = zero_ >= base_;
}

inline std::optional<std::uint64_t> LineCounter::line(ByteView window, std::size_t index) {
  if (!text_) return std::nullopt;
  count_to(window, std::min(index, window.size()));
  if (zero_ < base_ + known_) return std::nullopt;
  return base_lines_ + known_lines_ + 1;
}

inline LineCounter LineCounter::from(ByteView window, std::size_t index) {
  LineCounter counter;
  const auto here = line(window, index);
  counter.text_ = here.has_value();
  counter.base_lines_ = here.value_or(1) - 1;
  return counter;
}

}  // namespace landwaiter::detectors
