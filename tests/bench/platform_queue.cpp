// SPDX-License-Identifier: Apache-2.0
// platform_queue_bench FILE|postgresql://... [JOBS]: fills the queue of a new database with JOBS image jobs (1,000,000) of one scan and
// prints how many are leased and completed a second, in transactions of 1, 8 and 64 jobs, and how the database looks for them.
#include "platform/store/ids.hpp"
#include "platform/store/queue.hpp"
#include "platform/store/queue/sweeper.hpp"
#include "platform/store/registries.hpp"
#include "platform/store/scans.hpp"
#include "storage/database/migrations.hpp"
#include "storage/postgres/postgres_database.hpp"
#include "storage/sqlite/sqlite_database.hpp"

#include <sodium.h>

#include <cstdlib>
#include <iostream>

namespace {

using namespace landwaiter;
using namespace landwaiter::platform;
using SteadyClock = std::chrono::steady_clock;

[[noreturn]] void end(const Error& error) {
  std::cerr << error.message() << "\n";
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) end(result.error());
  return *std::move(result);
}

void commit(Transaction& transaction) {
  auto done = transaction.commit();
  if (!done) end(done.error());
}

std::unique_ptr<storage::Database> open(const std::string& place) {
  if (place.starts_with("postgres")) return must(storage::open_postgres({.address = Secret(place)}));
  return must(storage::SqliteDatabase::open(place, {.survive_power_cut = true}));
}

constexpr std::string_view kNumbers = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM number WHERE n<?1) ";

/// A scan whose listing is over.
std::string fill(storage::Database& database, const Vault& vault, std::size_t jobs, SystemTime now) {
  Transaction transaction(database, storage::Access::write);
  const std::string scan = create_scan(transaction, {}, now);
  protocol::RegistryTarget target;
  target.name = target.endpoint = "localhost:5000";
  target.kind = "docker-v2";
  const std::string registry = must(create_registry(transaction, vault, target, {}, scan, now));
  const std::int64_t lane = lane_of_registry(transaction, registry);
  transaction.run("UPDATE lane SET jobs_max=1000000");
  transaction.run(std::string(kNumbers) +
                      "INSERT INTO job(id,scan_id,registry_id,lane_id,kind,class,rank,turn,state,repository,digest,created_at_us)"
                      " SELECT 'job-' || n,?2,?3,?4,'image',0,0,n,'queued','team/app','sha256:' || n,0 FROM number",
                  {jobs, scan, registry, lane});
  transaction.run(
      std::string(kNumbers) +
          "INSERT INTO scan_item(scan_id,registry_id,repository,tag,index_digest,digest,media_type,platform,created,size_bytes,"
          "state,reason,job_id) SELECT ?2,?3,'team/app','t' || n,'','sha256:' || n,'','linux/amd64','',0,'pending','','job-' || n"
          " FROM number",
      {jobs, scan, registry});
  transaction.run("INSERT INTO scan_count(scan_id,counter,n) VALUES(?1,'jobs',?2),(?1,'pending',?2)", {scan, jobs});
  commit(transaction);
  return scan;
}

struct Fleet {
  Bytes public_key;
  std::size_t sensors = 0;
};

/// Sensors that take one job each, and complete it.
double pairs_a_second(storage::Database& database, const Vault& vault, Fleet& fleet, std::size_t batch, LeaseTerms terms) {
  std::vector<Acquirer> acquirers;
  {
    Transaction transaction(database, storage::Access::write);
    for (std::size_t i = 0; i < batch; ++i) {
      Acquirer acquirer;
      acquirer.sensor_id = "sensor " + std::to_string(fleet.sensors++);
      acquirer.public_key = fleet.public_key;
      transaction.run("INSERT INTO sensor(id,name,version,public_key,enrolled_by,created_at_us,seen_at_us) VALUES(?1,?1,'1',?2,'',0,0)",
                      {acquirer.sensor_id, fleet.public_key});
      acquirers.push_back(std::move(acquirer));
    }
    commit(transaction);
  }
  std::size_t pairs = 0;
  const auto begin = SteadyClock::now();
  while (SteadyClock::now() - begin < std::chrono::seconds(5)) {
    std::vector<std::vector<protocol::Job>> jobs;
    {
      Transaction transaction(database, storage::Access::write);
      jobs = acquire_jobs(transaction, vault, acquirers, terms);
      commit(transaction);
    }
    Transaction transaction(database, storage::Access::write);
    for (std::size_t i = 0; i < batch; ++i) {
      for (const protocol::Job& job : jobs[i]) {
        const LeasedJob leased = must(leased_job(transaction, job.id, job.lease_token, acquirers[i].sensor_id, terms));
        end_job(transaction, leased, JobEnd(), terms.now);
        ++pairs;
      }
    }
    commit(transaction);
  }
  return static_cast<double>(pairs) / std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

void explain(storage::Database& database) {
  Transaction transaction(database, storage::Access::write);
  const bool sqlite = database.dialect() == storage::Dialect::sqlite;
  Rows rows =
      transaction.query(std::string(sqlite ? "EXPLAIN QUERY PLAN " : "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) ") +
                        "SELECT job.id FROM job JOIN scan ON scan.id=job.scan_id WHERE job.lane_id=1 AND job.class=0 AND job.kind='image'"
                        " AND job.state='queued' ORDER BY job.rank,job.turn,job.id LIMIT 64" +
                        (sqlite ? "" : " FOR NO KEY UPDATE OF job SKIP LOCKED"));
  while (rows.next()) std::cout << rows.text(sqlite ? 3 : 0) << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) end(Error(ErrorCode::invalid_argument, "usage: platform_queue_bench FILE|postgresql://... [JOBS]"));
  const std::size_t jobs = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  const auto database = open(argv[1]);
  auto migrated = storage::migrate(*database, schema_steps());
  if (!migrated) end(migrated.error());
  const Vault vault = must(Vault::open(std::filesystem::temp_directory_path() / ("bench." + new_id(RealClock().now()) + ".key")));
  const LeaseTerms terms{RealClock().now(), std::chrono::seconds(600)};
  fill(*database, vault, jobs, terms.now);
  explain(*database);
  Fleet fleet;
  fleet.public_key.resize(crypto_box_PUBLICKEYBYTES);
  Bytes secret(crypto_box_SECRETKEYBYTES);
  crypto_box_keypair(fleet.public_key.data(), secret.data());
  for (const std::size_t batch : {1U, 8U, 64U}) {
    std::cout << batch << " at once: " << pairs_a_second(*database, vault, fleet, batch, terms) << " claims and completions a second\n";
  }
}
