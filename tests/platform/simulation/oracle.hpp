// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/platform/simulation/ledger.hpp"
#include "tests/platform/simulation/registry_model.hpp"
#include "tests/platform/simulation/simulated_platform.hpp"

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

namespace landwaiter::simulation {

/// A rule that does not hold. `rule` names it: a shorter story must break the same.
class Violation : public std::runtime_error {
 public:
  Violation(std::string broken, const std::string& detail) : std::runtime_error(broken + ": " + detail), rule(std::move(broken)) {}
  std::string rule;
};

/// Sees each call that a process has committed, and keeps account of what sensors were promised, independently of the database.
class Oracle {
 public:
  explicit Oracle(const RegistryModel& registries) : registries_(registries) {}

  /// `before` is the ledger as the call found it, `now` the process' time. Throws Violation.
  void committed(const Visit& visit, const Ledger& before, SystemTime now);
  /// The leases in this answer were taken back, because it did not arrive.
  void handed_back(const Visit& visit);
  /// Some part of a layer that is stored, or that a sensor reads: (layer, part). Nothing if there is none.
  std::optional<std::pair<std::string, std::string>> some_part(std::uint32_t choice) const;
  /// What must hold at any time. Throws Violation.
  void check(const Ledger& ledger);
  /// What must hold when all is quiet.
  void check_end(const Ledger& ledger) const;

 private:
  struct Grant {
    std::string token;
    std::string sensor;
    std::string request;
    bool released = false;  ///< by a call of its holder
  };
  struct Account {
    Grant grant;
    std::set<std::string> ended;  ///< tokens of leases that ended or gave back the job
    std::int64_t failures = 0;    ///< that count as attempts
    std::int64_t silent_ends = 0;
  };
  using Part = std::pair<std::string, std::string>;  ///< of a layer
  struct PartAccount {
    std::string job;
    std::string token;
    bool stored = false;
  };

  void granted(const Visit& visit, const Ledger& before, SystemTime now);
  void beaten(const Visit& visit, const Ledger& before, SystemTime now) const;
  void job_called(const Visit& visit, const Ledger& before, SystemTime now);
  void claimed(const Visit& visit, const std::string& job, const std::string& token, const Ledger& before, SystemTime now);
  void stored(const Visit& visit);
  void forget_claims(const Ledger& ledger);
  void check_claims(const Ledger& ledger) const;
  void check_failed(const Ledger& ledger, const LedgerItem& item) const;

  const RegistryModel& registries_;
  std::map<std::string, Account> jobs_;
  std::map<Part, PartAccount> parts_;
};

}  // namespace landwaiter::simulation
