// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/store/schema.hpp"
#include "platform/store/states.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace landwaiter::platform {

/// Beside the names of item states, what is counted of a scan. Jobs that are queued or leased are those that have not ended.
namespace counters {
inline constexpr std::string_view kJobs = "jobs";
inline constexpr std::string_view kJobsDone = "jobs_done";
inline constexpr std::string_view kJobsFailed = "jobs_failed";
inline constexpr std::string_view kJobsCancelled = "jobs_cancelled";
inline constexpr std::string_view kBytes = "bytes";
inline constexpr std::string_view kLayers = "layers";
inline constexpr std::string_view kFiles = "files";
inline constexpr std::string_view kFindings = "findings";
}  // namespace counters

/// What a transaction changes in the counts of scans.
class Tally {
 public:
  void add(std::string_view scan_id, std::string_view counter, std::int64_t n) {
    changes_[{std::string(scan_id), std::string(counter)}] += n;
  }
  void add(std::string_view scan_id, ItemState state, std::int64_t n) { add(scan_id, to_string(state), n); }
  /// So many items went from one state to another.
  void move(std::string_view scan_id, ItemState from, ItemState to, std::int64_t n) {
    add(scan_id, from, -n);
    add(scan_id, to, n);
  }
  /// Writes them and forgets them.
  void write(Transaction& transaction);

 private:
  std::map<std::pair<std::string, std::string>, std::int64_t> changes_;
};

using ScanCounts = std::map<std::string, std::int64_t, std::less<>>;
ScanCounts scan_counts(Transaction& transaction, std::string_view scan_id);
inline std::int64_t count_in(const ScanCounts& counts, std::string_view counter) {
  const auto found = counts.find(counter);
  return found == counts.end() ? 0 : found->second;
}

/// Adds up what was written, at most `count_max` changes. True if there may be more.
bool fold_counts(Transaction& transaction, std::size_t count_max);

}  // namespace landwaiter::platform
