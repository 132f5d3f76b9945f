// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "daemon/scan/image_runner.hpp"

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// One line on standard error, redrawn in place, while a command works. Only used if standard error is a terminal.
class ProgressLine {
 public:
  explicit ProgressLine(const Clock& clock) : clock_(clock), started_(clock.steady_now()) {}

  void images_total(std::size_t count) { images_total_ = count; }
  void image_started(std::shared_ptr<JobCounters> counters) { running_.push_back(std::move(counters)); }
  void image_done() { ++images_done_; }

  void draw() const;
  void clear() const;

 private:
  std::string text() const;

  const Clock& clock_;
  SteadyTime started_;
  std::size_t images_total_ = 0;
  std::size_t images_done_ = 0;
  std::vector<std::shared_ptr<JobCounters>> running_;
};

}  // namespace landwaiter::daemon
