// SPDX-License-Identifier: Apache-2.0
#include "platform/store/queue/scan_counts.hpp"

#include <functional>
#include <vector>

namespace landwaiter::platform {

using storage::Value;

void Tally::write(Transaction& transaction) {
  std::vector<std::vector<Value>> rows;
  for (const auto& [of, n] : changes_) {
    if (n != 0) rows.push_back({of.first, of.second, n});
  }
  transaction.run_each("INSERT INTO scan_delta(scan_id,counter,n) VALUES(?,?,?)", rows);
  changes_.clear();
}

ScanCounts scan_counts(Transaction& transaction, std::string_view scan_id) {
  ScanCounts counts;
  Rows rows = transaction.query(
      "SELECT counter,n FROM scan_count WHERE scan_id=?1 UNION ALL SELECT counter,n FROM scan_delta WHERE scan_id=?1", {scan_id});
  while (rows.next()) counts[rows.text(0)] += rows.integer(1);
  return counts;
}

// What a DELETE returns nobody else deletes, so each change is added once, however many do this at a time.
bool fold_counts(Transaction& transaction, std::size_t count_max) {
  std::map<std::pair<std::string, std::string>, std::int64_t> sums;
  std::size_t folded = 0;
  {
    Rows rows = transaction.query(
        "DELETE FROM scan_delta WHERE id IN (SELECT id FROM scan_delta ORDER BY id LIMIT ?) RETURNING scan_id,counter,n", {count_max});
    for (; rows.next(); ++folded) sums[{rows.text(0), rows.text(1)}] += rows.integer(2);
  }
  std::vector<std::vector<Value>> rows;
  for (const auto& [of, n] : sums) {
    if (n != 0) rows.push_back({of.first, of.second, n});
  }
  transaction.run_each(
      "INSERT INTO scan_count(scan_id,counter,n) VALUES(?,?,?) ON CONFLICT(scan_id,counter) DO UPDATE SET n=scan_count.n+excluded.n", rows);
  return folded == count_max;
}

}  // namespace landwaiter::platform
