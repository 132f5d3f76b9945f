// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/store/queue.hpp"
#include "platform/store/vault.hpp"
#include "storage/database/database.hpp"
#include "tests/storage/support/test_engine.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::test {

/// The store below its API, with as many connections as a test wants, and time that it sets.
class QueueWorld {
 public:
  explicit QueueWorld(const TestEngine& engine);

  std::unique_ptr<storage::Database> connect() const { return connect_(); }
  /// Runs it in a transaction of its own, which must succeed.
  void write(const std::function<void(platform::Transaction&)>& work);
  std::int64_t number(std::string_view sql, std::initializer_list<storage::Value> values = {});

  std::string add_sensor(const std::string& name);
  /// Of so many images, each in a repository of its own and under one tag, which have been listed. `walk`: of a registry.
  std::string add_scan(std::size_t images, const std::string& host = "localhost:5000", bool walk = false, int priority = 0);
  /// Its page of a listing, as the last one.
  void list(platform::Transaction& transaction, const protocol::Job& listing, const std::vector<std::string>& digests);

  std::vector<protocol::Job> acquire(platform::Transaction& transaction, const std::string& sensor, std::size_t capacity = 1,
                                     const std::string& request_id = "");
  std::vector<protocol::Job> acquire(const std::string& sensor, std::size_t capacity = 1, const std::string& request_id = "");
  /// False if the lease is stale.
  bool complete(platform::Transaction& transaction, const protocol::Job& job, const std::string& sensor);
  nlohmann::json scan(const std::string& id);
  /// Until nothing is left to do.
  void sweep();
  /// What must hold after each commit: counts are what is there, a leased job has its lease and no other job has one, and no item waits
  /// for a job that has ended.
  void check();

  platform::LeaseTerms terms{from_unix_us(1'800'000'000'000'000), std::chrono::seconds(60)};

 private:
  TemporaryDirectory folder_;
  std::function<std::unique_ptr<storage::Database>()> connect_;
  std::unique_ptr<storage::Database> database_;
  platform::Vault vault_;
  std::map<std::string, Bytes> keys_;
};

}  // namespace landwaiter::test
