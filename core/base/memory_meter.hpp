// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "core/base/meter_scope.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace landwaiter {

/// Counts the memory that reading takes and refuses what does not fit, before it is allocated. It asks neither the operating system nor
/// the allocator, so the same input is refused at the same place on every machine.
class MemoryMeter {
 public:
  /// Starts again with this limit; nothing may be taken at that time.
  void begin(std::uint64_t limit) {
    limit_ = limit;
    peak_ = used_;
  }
  /// Takes the bytes if at least `spare` are left afterwards; otherwise nothing.
  bool take(std::uint64_t bytes, std::uint64_t spare = 0) {
    const std::uint64_t left = this->left();
    if (bytes > left || left - bytes < spare) return false;
    used_ += bytes;
    peak_ = std::max(peak_, used_);
    return true;
  }
  void give_back(std::uint64_t bytes) { used_ -= std::min(bytes, used_); }
  std::uint64_t left() const { return limit_ - std::min(limit_, used_); }
  std::uint64_t used() const { return used_; }
  /// The most that was taken at once since begin().
  std::uint64_t peak() const { return peak_; }

 private:
  std::uint64_t limit_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t peak_ = 0;
};

using MemoryScope = MeterScope<MemoryMeter>;

/// What one thing holds of the thread's meter, given back when the thing goes.
class MemoryShare {
 public:
  MemoryShare() = default;
  MemoryShare(MemoryShare&& other) noexcept : meter_(other.meter_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryShare& operator=(MemoryShare&& other) noexcept {
    if (this == &other) return *this;
    clear();
    meter_ = other.meter_;
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ~MemoryShare() { clear(); }

  /// For what stays until the layer has been read. False: do not allocate.
  bool keep(std::uint64_t bytes) { return take(bytes, 0); }
  /// For what is only held for a while: leaves room for what is found meanwhile.
  bool borrow(std::uint64_t bytes) { return take(bytes, limits::kept_memory_bytes_min); }
  void give_back(std::uint64_t bytes) {
    bytes = std::min(bytes, bytes_);
    bytes_ -= bytes;
    if (meter_ != nullptr) meter_->give_back(bytes);
  }
  void clear() { give_back(bytes_); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  bool take(std::uint64_t bytes, std::uint64_t spare) {
    if (bytes_ == 0) meter_ = MemoryScope::current();
    if (meter_ != nullptr && !meter_->take(bytes, spare)) return false;
    bytes_ += bytes;
    return true;
  }

  MemoryMeter* meter_ = nullptr;
  std::uint64_t bytes_ = 0;
};

/// How much could be kept now.
inline std::uint64_t memory_left() {
  const MemoryMeter* const meter = MemoryScope::current();
  return meter == nullptr ? std::numeric_limits<std::uint64_t>::max() : meter->left();
}

/// Makes room for `more` items, paid for by `share`, which holds what the list has room for. Grows by less than a list would by itself:
/// while it moves, the old place and the new one are both there. False: the list stays as it is.
template <class List>
bool make_room(List& list, std::uint64_t more, MemoryShare& share) {
  const std::uint64_t size = list.size();
  const std::uint64_t room = list.capacity();
  if (room - size >= more) return true;
  constexpr std::uint64_t kItem = sizeof(typename List::value_type);
  const std::uint64_t wanted = size + std::max<std::uint64_t>(more, size / 4);
  if (!share.keep(wanted * kItem)) return false;
  list.reserve(wanted);
  share.give_back(room * kItem);
  return true;
}

}  // namespace landwaiter
