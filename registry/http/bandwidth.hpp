// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace landwaiter::registry {

/// Limits the total rate of several readers: a token bucket (leaky bucket as a meter) with the depth of a quarter of a second. Value
/// type, without a clock of its own.
class Bandwidth {
 public:
  /// 0: no limit.
  explicit Bandwidth(std::uint64_t bytes_per_s) : bytes_per_s_(bytes_per_s) {}

  /// Records received bytes and returns when the receiver may read again.
  SteadyTime book(std::size_t size_bytes, SteadyTime now) {
    if (bytes_per_s_ == 0) return now;
    using Seconds = std::chrono::duration<double>;
    const Seconds cost(static_cast<double>(size_bytes) / static_cast<double>(bytes_per_s_));
    paid_until_ = std::max(paid_until_, now - kDepth) + std::chrono::ceil<SteadyTime::duration>(cost);
    return std::max(now, paid_until_);
  }

  /// The largest size of one read, so that a low rate is smooth, not bursty.
  std::size_t read_bytes_max(std::size_t wanted) const {
    if (bytes_per_s_ == 0) return wanted;
    return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, std::max<std::uint64_t>(1, bytes_per_s_ / 4)));
  }

 private:
  static constexpr std::chrono::milliseconds kDepth{250};
  std::uint64_t bytes_per_s_;
  SteadyTime paid_until_{};
};

}  // namespace landwaiter::registry
