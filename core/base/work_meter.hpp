// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/meter_scope.hpp"

#include <algorithm>
#include <cstdint>

namespace landwaiter {

/// Counts what reading costs and refuses what was not earned. It knows no clock, so the same input is refused at the same place on every
/// machine. The unit is a byte looked at, about a nanosecond; what costs more is charged as that many bytes.
class WorkMeter {
 public:
  /// Starts again with this much.
  void begin(std::uint64_t units) {
    left_ = bounded(units);
    used_ = 0;
  }
  void earn(std::uint64_t units) { left_ = std::min(left_ + bounded(units), kUnitsMax); }
  /// False if more was used than earned: the caller gives up. What was refused is a debt that later earnings pay first.
  bool charge(std::uint64_t units) {
    used_ += units;
    left_ = std::max(left_ - bounded(units), -kUnitsMax);
    return left_ >= 0;
  }
  bool spent() const { return left_ < 0; }
  std::uint64_t used() const { return used_; }

 private:
  /// Far above all that can be earned, and far from overflow.
  static constexpr std::int64_t kUnitsMax = std::int64_t{1} << 60;
  static std::int64_t bounded(std::uint64_t units) { return static_cast<std::int64_t>(std::min<std::uint64_t>(units, kUnitsMax)); }

  std::int64_t left_ = 0;
  std::uint64_t used_ = 0;
};

using WorkScope = MeterScope<WorkMeter>;

/// Charges this thread's meter, if there is one. False: give up.
inline bool charge_work(std::uint64_t units) {
  WorkMeter* const meter = WorkScope::current();
  return meter == nullptr || meter->charge(units);
}

}  // namespace landwaiter
