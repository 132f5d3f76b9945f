// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace landwaiter::platform {

/// One request's share of the memory for all bodies, given back at its end. May be used on any thread, by one at a time.
class BodyShare {
 public:
  using Total = std::atomic<std::uint64_t>;

  explicit BodyShare(std::shared_ptr<Total> total) : total_(std::move(total)) {}
  ~BodyShare() { *total_ -= bytes_; }
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;

  /// Makes it so large, at most limits::api_bodies_in_memory_bytes_max with all others. False: it stays as it was.
  bool resize(std::uint64_t bytes) {
    if (bytes <= bytes_) {
      *total_ -= bytes_ - bytes;
      bytes_ = bytes;
      return true;
    }
    const std::uint64_t more = bytes - bytes_;
    std::uint64_t before = *total_;
    do {
      if (before + more > limits::api_bodies_in_memory_bytes_max) return false;
    } while (!total_->compare_exchange_weak(before, before + more));
    bytes_ = bytes;
    return true;
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<Total> total_;
  std::uint64_t bytes_ = 0;
};

}  // namespace landwaiter::platform
