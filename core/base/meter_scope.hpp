// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

namespace landwaiter {

/// Makes a meter the one that this thread charges, until the end of the scope. Readers many calls below need no parameter for it, and the
/// primitives that all of them use charge by themselves, so that none is forgotten. The meter outlives all that is charged to it.
template <class Meter>
class MeterScope {
 public:
  explicit MeterScope(Meter& meter) : outer_(std::exchange(current(), &meter)) {}
  ~MeterScope() { current() = outer_; }
  MeterScope(const MeterScope&) = delete;
  MeterScope& operator=(const MeterScope&) = delete;

  /// Null outside of all scopes: there nothing is refused.
  static Meter*& current() {
    static thread_local constinit Meter* meter = nullptr;
    return meter;
  }

 private:
  Meter* outer_;
};

}  // namespace landwaiter
