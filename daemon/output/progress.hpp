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
  /// Its counts stay in the line's, but the counters are not kept.
  void image_done(const std::shared_ptr<JobCounters>& counters);

  void draw() const;
  void clear() const;

 private:
  struct Counts {
    std::uint64_t bytes = 0, bytes_total = 0, layers = 0, layers_total = 0, findings = 0;
    void add(const JobCounters& counters);
  };
  std::string text() const;

  const Clock& clock_;
  SteadyTime started_;
  std::size_t images_total_ = 0;
  std::size_t images_done_ = 0;
  Counts done_;
  std::vector<std::shared_ptr<JobCounters>> running_;
};

}  // namespace landwaiter::daemon
