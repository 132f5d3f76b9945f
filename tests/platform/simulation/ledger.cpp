// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/ledger.hpp"

#include <stdexcept>

namespace landwaiter::simulation {
namespace {

using storage::Transaction;

void read_jobs(Transaction& transaction, Ledger& ledger) {
  auto rows = transaction.query(
      "SELECT id,job.scan_id,job.kind,state,attempt,digest,lease.sensor_id,lease.until_us FROM job LEFT JOIN lease ON lease.job_id=job.id");
  while (rows.next()) {
    LedgerJob& job = ledger.jobs[rows.text(0)];
    job.scan = rows.text(1);
    job.is_list = rows.text(2) == "list";
    job.state = rows.text(3);
    if (job.state == "delayed" || job.state == "suspect") job.state = "queued";
    job.attempt = rows.integer(4);
    job.digest = rows.text(5);
    job.sensor = rows.text(6);
    job.lease_until = from_unix_us(rows.integer(7));
  }
}

void read_items(Transaction& transaction, Ledger& ledger) {
  auto rows = transaction.query("SELECT scan_id,registry_id,repository,tag,digest,state,job_id FROM scan_item");
  while (rows.next()) {
    ledger.items.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4), rows.text(5), rows.text(6)});
  }
}

}  // namespace

Ledger read_ledger(storage::Database& database) {
  Transaction transaction(database, Transaction::Kind::read);
  Ledger ledger;
  {
    auto rows = transaction.query("SELECT id,state FROM scan");
    while (rows.next()) ledger.scans.emplace(rows.text(0), rows.text(1));
  }
  read_jobs(transaction, ledger);
  read_items(transaction, ledger);
  {
    auto rows = transaction.query("SELECT layer_id,part,job_id FROM layer_claim c JOIN analysis_state a ON a.id=c.state_id");
    while (rows.next()) ledger.claims.push_back({std::to_string(rows.integer(0)), rows.text(1), rows.text(2)});
  }
  const auto read = transaction.commit();
  if (!read) throw std::runtime_error("the ledger cannot be read: " + read.error().message());
  return ledger;
}

}  // namespace landwaiter::simulation
