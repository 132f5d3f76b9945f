// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/decisions.hpp"
#include "daemon/output/fail_rule.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// What a scan says at its end, whatever the format: how much of what was found, and for each rule that was met, by what. In memory that
/// does not grow with the images.
class ScanSummary {
 public:
  explicit ScanSummary(std::vector<FailRule> rules);

  /// An image that was assessed, and what decisions accepted of it.
  void add(const ImageReport& image, const AcceptedCounts& accepted);
  void add_failure() { ++failures_; }
  /// What it took: layers that were read, and the time.
  void set_effort(std::uint64_t layers_read, std::chrono::milliseconds time) {
    layers_read_ = layers_read;
    time_ = time;
  }
  /// RSA keys that were not compared for shared primes.
  void set_moduli_left_out(std::size_t count) { moduli_left_out_ = count; }

  bool any_rule_met() const;
  /// There are rules, and no image was there for them: passing would say of nothing that it is good.
  bool nothing_judged() const { return !rules_.empty() && images_ == 0 && failures_ == 0; }
  std::uint64_t failures() const { return failures_; }
  std::uint64_t incomplete() const { return incomplete_; }

  /// "report.sarif (sarif): 3 images: 2 critical, 1 high, 14 info; 3 accepted (2 by decisions, 1 by the baseline); 6 layers read; 4.0 s",
  /// then the rules that were met. Each line ends in "\n". `written` says which files have the result, or is empty.
  std::string text(const std::string& written) const;

 private:
  struct Rule {
    FailRule rule;
    std::uint64_t met = 0;
    std::vector<std::string> first{};  ///< a line for each of the first that met it
  };

  std::vector<Rule> rules_;
  std::uint64_t images_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t incomplete_ = 0;
  std::uint64_t not_opened_ = 0;
  AcceptedCounts accepted_;
  std::size_t moduli_left_out_ = 0;
  std::uint64_t layers_read_ = 0;
  std::optional<std::chrono::milliseconds> time_;  ///< nothing: not told
  std::map<Severity, std::uint64_t> findings_;
};

}  // namespace landwaiter::daemon
