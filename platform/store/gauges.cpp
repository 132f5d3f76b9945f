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

void read_jobs(Transaction& transaction, std::int64_t now_us, QueueGauges& out) {
  out.jobs_queued = out.jobs_leased = {{"list", 0}, {"image", 0}};
  std::int64_t oldest_us = now_us;
  Rows rows = transaction.query(
      "SELECT kind,state,count(*),min(CASE WHEN not_before_us>created_at_us THEN not_before_us ELSE created_at_us END) FROM job"
      " WHERE state IN ('queued','leased') GROUP BY kind,state");
  while (rows.next()) {
    const bool queued = rows.text(1) == "queued";
    (queued ? out.jobs_queued : out.jobs_leased)[rows.text(0)] = rows.integer(2);
    if (queued) oldest_us = std::min(oldest_us, rows.integer(3));
  }
  out.oldest_queued = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::microseconds(now_us - oldest_us));
}

}  // namespace

QueueGauges read_gauges(Transaction& transaction, SystemTime now) {
  const std::int64_t now_us = to_unix_us(now);
  QueueGauges out;
  read_jobs(transaction, now_us, out);
  out.registries_leased = transaction.number("SELECT count(DISTINCT registry_id) FROM job WHERE state='leased'");
  out.layer_claims = transaction.number("SELECT count(*) FROM layer_claim");
  out.sensors = transaction.number("SELECT count(*) FROM sensor");
  out.sensors_online = transaction.number("SELECT count(*) FROM sensor WHERE seen_at_us>?", {to_unix_us(now - kSilent)});
  const bool sqlite = transaction.dialect() == storage::Dialect::sqlite;
  out.database_bytes = transaction.number(sqlite ? "SELECT page_count*page_size FROM pragma_page_count(),pragma_page_size()"
                                                 : "SELECT pg_database_size(current_database())");
  return out;
}

}  // namespace landwaiter::platform
