// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/support/queue_world.hpp"

#include "platform/store/inventory.hpp"
#include "platform/store/queue/scan_counts.hpp"
#include "platform/store/queue/sweeper.hpp"
#include "platform/store/registries.hpp"
#include "platform/store/scans.hpp"
#include "storage/database/migrations.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <sodium.h>

namespace landwaiter::test {

using namespace platform;
using storage::Value;

QueueWorld::QueueWorld(const TestEngine& engine)
    : connect_(engine.fresh()), database_(connect_()), vault_(Vault::open(folder_.path() / "master.key").value()) {
  REQUIRE(storage::migrate(*database_, schema_steps()).has_value());
}

void QueueWorld::write(const std::function<void(Transaction&)>& work) {
  Transaction transaction(*database_, Transaction::Kind::write);
  work(transaction);
  const auto committed = transaction.commit();
  INFO((committed ? std::string() : committed.error().message()));
  REQUIRE(committed.has_value());
}

std::int64_t QueueWorld::number(std::string_view sql, std::initializer_list<Value> values) {
  Transaction transaction(*database_, Transaction::Kind::read);
  const std::int64_t number = transaction.number(sql, values);
  REQUIRE(transaction.commit().has_value());
  return number;
}

std::string QueueWorld::add_sensor(const std::string& name) {
  Bytes public_key(crypto_box_PUBLICKEYBYTES), secret_key(crypto_box_SECRETKEYBYTES);
  crypto_box_keypair(public_key.data(), secret_key.data());
  write([&](Transaction& transaction) {
    transaction.run("INSERT INTO sensor(id,name,version,public_key,enrolled_by,created_at_us,seen_at_us) VALUES(?,?,'1',?,'',0,0)",
                    {name, name, public_key});
  });
  keys_[name] = public_key;
  return name;
}

std::string QueueWorld::add_scan(std::size_t images, const std::string& host, bool walk, int priority) {
  std::string id;
  write([&](Transaction& transaction) {
    NewScan scan;
    scan.of_references = !walk;
    scan.priority = priority;
    id = create_scan(transaction, scan, terms.now);
    protocol::RegistryTarget target;
    target.name = target.endpoint = host;
    target.kind = "docker-v2";
    const auto registry = create_registry(transaction, vault_, target, Credentials(), id, terms.now);
    REQUIRE(registry.has_value());
    create_list_job(transaction, id, *registry, {}, terms.now);
  });
  if (images == 0) return id;
  const std::string lister = add_sensor("lister of " + id);
  const auto listings = acquire(lister, 1);
  REQUIRE(listings.size() == 1);
  REQUIRE(listings[0].scan_id == id);
  std::vector<std::string> digests;
  for (std::size_t i = 0; i < images; ++i) digests.push_back(id + std::to_string(i));
  write([&](Transaction& transaction) { list(transaction, listings[0], digests); });
  return id;
}

void QueueWorld::list(Transaction& transaction, const protocol::Job& listing, const std::vector<std::string>& digests) {
  const auto job = leased_job(transaction, listing.id, listing.lease_token, "", terms);
  REQUIRE(job.has_value());
  for (std::size_t at = 0; at < digests.size(); at += limits::inventory_page_items_max) {
    protocol::InventoryPage page;
    for (std::size_t i = at; i < std::min(digests.size(), at + limits::inventory_page_items_max); ++i) {
      protocol::InventoryItem item;
      item.repository = listing.registry.endpoint + "/" + std::to_string(i);
      item.tag = "1";
      item.digest = digest(digests[i]);
      page.items.push_back(std::move(item));
    }
    page.last = at + limits::inventory_page_items_max >= digests.size();
    SensorKeys keys;
    keys.states = engine_at().states;
    REQUIRE(store_inventory(transaction, *job, page, keys, terms.now).has_value());
  }
}

std::vector<protocol::Job> QueueWorld::acquire(Transaction& transaction, const std::string& sensor, std::size_t capacity,
                                               const std::string& request_id) {
  Acquirer acquirer;
  acquirer.sensor_id = sensor;
  acquirer.public_key = keys_.at(sensor);
  acquirer.capacity = capacity;
  acquirer.request_id = request_id;
  return acquire_jobs(transaction, vault_, {&acquirer, 1}, terms).front();
}

std::vector<protocol::Job> QueueWorld::acquire(const std::string& sensor, std::size_t capacity, const std::string& request_id) {
  std::vector<protocol::Job> jobs;
  write([&](Transaction& transaction) { jobs = acquire(transaction, sensor, capacity, request_id); });
  return jobs;
}

bool QueueWorld::complete(Transaction& transaction, const protocol::Job& job, const std::string& sensor) {
  const auto leased = leased_job(transaction, job.id, job.lease_token, sensor, terms);
  if (!leased) return false;
  if (!leased->ended) end_job(transaction, *leased, JobEnd(), terms.now);
  return true;
}

nlohmann::json QueueWorld::scan(const std::string& id) {
  nlohmann::json out;
  write([&](Transaction& transaction) { out = scan_json(transaction, id); });
  return out;
}

void QueueWorld::sweep() {
  bool more = true;
  while (more) write([&](Transaction& transaction) { more = platform::sweep(transaction, terms).more; });
}

void QueueWorld::check() {
  write([&](Transaction& transaction) {
    std::map<std::string, std::map<std::string, std::int64_t>> there;
    {
      Rows rows = transaction.query("SELECT scan_id,state,count(*) FROM scan_item GROUP BY scan_id,state");
      while (rows.next()) there[rows.text(0)][rows.text(1)] = rows.integer(2);
    }
    {
      Rows rows = transaction.query(
          "SELECT scan_id,CASE state WHEN 'done' THEN 'jobs_done' WHEN 'failed' THEN 'jobs_failed' ELSE 'jobs_cancelled' END,count(*)"
          " FROM job WHERE ended_at_us IS NOT NULL GROUP BY 1,2 UNION ALL SELECT scan_id,'jobs',count(*) FROM job GROUP BY 1");
      while (rows.next()) there[rows.text(0)][rows.text(1)] += rows.integer(2);
    }
    for (const auto& [scan, counts] : there) {
      const ScanCounts kept = scan_counts(transaction, scan);
      for (const auto& [counter, n] : counts) {
        INFO(counter);
        CHECK(count_in(kept, counter) == n);
      }
      for (const ItemState state : kAllItemStates) {
        if (!counts.contains(std::string(to_string(state)))) CHECK(count_in(kept, to_string(state)) == 0);
      }
    }
    CHECK(transaction.number("SELECT count(*) FROM job WHERE state='leased' AND NOT EXISTS(SELECT 1 FROM lease WHERE job_id=job.id)") == 0);
    CHECK(transaction.number("SELECT count(*) FROM lease JOIN job ON job.id=lease.job_id WHERE job.state<>'leased'") == 0);
    CHECK(transaction.number("SELECT count(*) FROM scan_item JOIN job ON job.id=scan_item.job_id WHERE scan_item.state='pending'"
                             " AND job.ended_at_us IS NOT NULL") == 0);
  });
}

}  // namespace landwaiter::test
