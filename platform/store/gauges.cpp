// SPDX-License-Identifier: Apache-2.0
#include "platform/store/gauges.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

namespace landwaiter::platform {
namespace {

/// A sensor says that it lives far more often than that.
constexpr std::chrono::minutes kSilent{3};

/// Ids of jobs grow with time, so the smallest is the oldest; all of this is in one index.
void read_queued(Transaction& transaction, std::int64_t now_us, QueueGauges& out) {
  out.jobs_queued = {{"list", 0}, {"image", 0}};
  std::string oldest;
  Rows rows = transaction.query("SELECT kind,count(*),min(id) FROM job WHERE state='queued' GROUP BY kind");
  while (rows.next()) {
    out.jobs_queued[rows.text(0)] = rows.integer(1);
    if (oldest.empty() || rows.text(2) < oldest) oldest = rows.text(2);
  }
  if (oldest.empty()) return;
  const std::int64_t since_us = transaction.number("SELECT created_at_us FROM job WHERE id=?", {oldest});
  out.oldest_queued =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::microseconds(std::max(now_us - since_us, std::int64_t{0})));
}

void read_leased(Transaction& transaction, QueueGauges& out) {
  out.jobs_leased = {{"list", 0}, {"image", 0}};
  Rows rows = transaction.query("SELECT kind,count(*) FROM lease GROUP BY kind");
  while (rows.next()) out.jobs_leased[rows.text(0)] = rows.integer(1);
}

}  // namespace

QueueGauges read_gauges(Transaction& transaction, SystemTime now) {
  const std::int64_t now_us = to_unix_us(now);
  QueueGauges out;
  read_queued(transaction, now_us, out);
  read_leased(transaction, out);
  out.jobs_suspect = transaction.number("SELECT count(*) FROM job WHERE state='suspect'");
  out.registries_leased = transaction.number("SELECT count(DISTINCT lane_id) FROM lease");
  out.layer_claims = transaction.number("SELECT count(*) FROM layer_claim");
  out.sensors = transaction.number("SELECT count(*) FROM sensor");
  out.sensors_online = transaction.number("SELECT count(*) FROM sensor WHERE seen_at_us>?", {to_unix_us(now - kSilent)});
  const bool sqlite = transaction.dialect() == storage::Dialect::sqlite;
  out.database_bytes = transaction.number(sqlite ? "SELECT page_count*page_size FROM pragma_page_count(),pragma_page_size()"
                                                 : "SELECT pg_database_size(current_database())");
  return out;
}

}  // namespace landwaiter::platform
