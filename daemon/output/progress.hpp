// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "daemon/scan/image_runner.hpp"

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// What a scan is doing, as one line: how far it is, at what, and how long it may still take, as far as that is known. While names are
/// still being listed nobody knows how much there is, so nothing is said of that.
class ScanStatus {
 public:
  explicit ScanStatus(const Clock& clock) : clock_(clock), started_(clock.steady_now()) {}

  /// Between these two, images come to be known; `what` is printable.
  void listing_begins(std::string what);
  void listing_ends() { listing_.clear(); }
  /// So many are known to be scanned.
  void images_total(std::size_t count) { images_total_ = count; }

  void image_started(std::string name, std::shared_ptr<JobCounters> counters);
  /// Its counts stay in the line's, but the counters are not kept.
  void image_done(const std::shared_ptr<JobCounters>& counters);
  /// All is read.
  void writing_begins() { writing_ = true; }

  /// "42%  image 2 of 5: team/shop:1, layer 3 of 5  24 of 120 MiB  about 40 s left", with less of it if there are fewer columns.
  std::string text(std::size_t columns) const;

 private:
  struct Running {
    std::string name;
    std::shared_ptr<JobCounters> counters;
  };
  struct Amount {
    std::uint64_t bytes = 0;
    std::uint64_t findings = 0;
    void add(const JobCounters& counters);
  };

  double share_done() const;
  Amount read() const;
  std::string step(std::size_t columns) const;
  std::string time_left(double share) const;

  const Clock& clock_;
  SteadyTime started_;
  std::string listing_;  ///< empty: all images are known
  bool writing_ = false;
  std::size_t images_total_ = 0;
  std::size_t images_done_ = 0;
  Amount done_;
  std::vector<Running> running_;  ///< in the order in which they began
};

}  // namespace landwaiter::daemon
