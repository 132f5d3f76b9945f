// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "storage/database/database.hpp"

#include <map>
#include <string>
#include <vector>

namespace landwaiter::simulation {

struct LedgerJob {
  std::string scan;
  bool is_list = false;
  std::string state;  ///< queued, leased, done, failed, cancelled
  std::int64_t attempt = 0;
  std::string digest;
  std::string sensor;
  SystemTime lease_until;

  bool open() const { return state == "queued" || state == "leased"; }
  bool leased_at(SystemTime now) const { return state == "leased" && lease_until >= now; }
};

struct LedgerItem {
  std::string scan;
  std::string registry;
  std::string repository;
  std::string tag;
  std::string digest;
  std::string state;
  std::string job;
};

struct LedgerClaim {
  std::string layer;
  std::string part;
  std::string job;
};

/// What the database says, read in one transaction. The only file of the simulation that knows the tables.
struct Ledger {
  std::map<std::string, std::string> scans;  ///< state by id
  std::map<std::string, LedgerJob> jobs;
  std::vector<LedgerItem> items;
  std::vector<LedgerClaim> claims;
};
Ledger read_ledger(storage::Database& database);

}  // namespace landwaiter::simulation
