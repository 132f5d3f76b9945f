// SPDX-License-Identifier: Apache-2.0
// Two platform processes that do their steps at the same time. SQLite has one writer, so this is about PostgreSQL.
#include "platform/store/content/claims.hpp"
#include "platform/store/content/layers.hpp"
#include "platform/store/lease.hpp"
#include "platform/store/queue/sweeper.hpp"
#include "platform/store/registries.hpp"
#include "platform/store/scans.hpp"
#include "storage/compress.hpp"
#include "tests/platform/support/queue_world.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <atomic>
#include <thread>

namespace landwaiter::test {
namespace {

using namespace platform;
using namespace std::chrono_literals;
using Work = std::function<void(Transaction&)>;

const TestEngine& postgres() { return test_engines().at(1); }

/// As a platform does it: what lost to another transaction is done again.
bool do_it(storage::Database& database, const Work& work) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    Transaction transaction(database, Transaction::Kind::write);
    work(transaction);
    if (transaction.commit()) return true;
    if (transaction.failure() != storage::Failure::contention) return false;
  }
  return false;
}

/// The first does all but its commit; then the second goes on until it waits for the first, or has ended; then the first commits.
void at_once(const QueueWorld& world, const Work& first, const Work& second) {
  const auto one = world.connect(), other = world.connect(), watch = world.connect();
  std::atomic<bool> ended = false;
  bool second_done = false;
  Transaction transaction(*one, Transaction::Kind::write);
  first(transaction);
  std::thread thread([&] {
    second_done = do_it(*other, second);
    ended = true;
  });
  bool waits = false;
  while (!ended && !waits) {
    Transaction look(*watch, Transaction::Kind::read);
    waits = look.number("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0;
  }
  const auto committed = transaction.commit();
  thread.join();
  INFO((committed ? std::string() : committed.error().message()));
  CHECK(committed.has_value());
  CHECK(second_done);
}

/// In both orders, each in a world of its own.
void in_both_orders(const std::function<void(bool swapped)>& test) {
  for (const bool swapped : {false, true}) {
    INFO((swapped ? "the second goes first" : "the first goes first"));
    test(swapped);
  }
}

void at_once(const QueueWorld& world, const Work& first, const Work& second, bool swapped) {
  if (swapped) at_once(world, second, first);
  else at_once(world, first, second);
}

}  // namespace

TEST_CASE("interleave: one job and two who want it") {
  in_both_orders([](bool swapped) {
    QueueWorld world(postgres());
    world.add_scan(1);
    const std::string a = world.add_sensor("a"), b = world.add_sensor("b");
    std::size_t got_a = 0, got_b = 0;
    at_once(
        world, [&](Transaction& transaction) { got_a = world.acquire(transaction, a).size(); },
        [&](Transaction& transaction) { got_b = world.acquire(transaction, b).size(); }, swapped);
    CHECK(got_a + got_b == 1);
    world.check();
  });
}

TEST_CASE("interleave: two processes lease no more of a host's jobs than it may have") {
  in_both_orders([](bool swapped) {
    QueueWorld world(postgres());
    world.add_scan(10);
    world.write([](Transaction& transaction) { transaction.run("UPDATE lane SET jobs_max=3"); });
    const std::string a = world.add_sensor("a"), b = world.add_sensor("b");
    std::size_t got_a = 0, got_b = 0;
    at_once(
        world, [&](Transaction& transaction) { got_a = world.acquire(transaction, a, 2).size(); },
        [&](Transaction& transaction) { got_b = world.acquire(transaction, b, 2).size(); }, swapped);
    CHECK(got_a + got_b == 3);
    world.check();
  });
}

TEST_CASE("interleave: a sensor gets one suspect job, whomever it asks") {
  in_both_orders([](bool swapped) {
    QueueWorld world(postgres());
    world.add_scan(2);
    world.write([](Transaction& transaction) { transaction.run("UPDATE job SET state='suspect', silent_ends=2 WHERE kind='image'"); });
    const std::string a = world.add_sensor("a");
    std::size_t first = 0, second = 0;
    at_once(
        world, [&](Transaction& transaction) { first = world.acquire(transaction, a).size(); },
        [&](Transaction& transaction) { second = world.acquire(transaction, a).size(); }, swapped);
    CHECK(first + second == 1);
    world.check();
  });
}

TEST_CASE("interleave: who was silent takes its job up while another acquires it") {
  in_both_orders([](bool swapped) {
    QueueWorld world(postgres());
    world.add_scan(1);
    const std::string a = world.add_sensor("a"), b = world.add_sensor("b");
    const auto job = world.acquire(a).at(0);
    world.terms.now += 61s;
    world.sweep();
    std::size_t got = 0;
    protocol::HeartbeatAnswer answer;
    protocol::Heartbeat beat;
    beat.jobs.push_back({.job_id = job.id, .lease_token = job.lease_token});
    at_once(
        world, [&](Transaction& transaction) { answer = heartbeat(transaction, a, beat, world.terms); },
        [&](Transaction& transaction) { got = world.acquire(transaction, b).size(); }, swapped);
    CHECK(answer.lost.size() == got);
    CHECK(world.number("SELECT count(*) FROM lease") == 1);
    world.check();
  });
}

TEST_CASE("interleave: a job is completed while its lease runs out") {
  in_both_orders([](bool swapped) {
    QueueWorld world(postgres());
    const std::string scan = world.add_scan(1);
    const std::string a = world.add_sensor("a");
    const auto job = world.acquire(a).at(0);
    world.terms.now += 61s;
    bool completed = false;
    at_once(
        world, [&](Transaction& transaction) { completed = world.complete(transaction, job, a); },
        [&](Transaction& transaction) { sweep(transaction, world.terms); }, swapped);
    CHECK(completed);
    world.check();
    world.sweep();
    const auto status = world.scan(scan);
    CHECK(status["state"] == "finished");
    CHECK(status["counts"]["scanned"] == 1);
  });
}

TEST_CASE("interleave: a scan is cancelled while one of its jobs is completed and another acquired") {
  in_both_orders([](bool swapped) {
    QueueWorld world(postgres());
    const std::string scan = world.add_scan(3);
    const std::string a = world.add_sensor("a");
    const auto job = world.acquire(a).at(0);
    bool completed = false;
    at_once(
        world,
        [&](Transaction& transaction) {
          CHECK(cancel_scan(transaction, scan, world.terms.now));
          cancel_open_jobs(transaction, scan, 100, world.terms.now);
        },
        [&](Transaction& transaction) {
          completed = world.complete(transaction, job, a);
          (void)world.acquire(transaction, a);
        },
        swapped);
    CHECK(adds_up(world.scan(scan)["counts"]));
    world.check();
    world.sweep();
    world.check();
    const auto status = world.scan(scan);
    CHECK(status["state"] == "cancelled");
    CHECK(status["counts"]["scanned"] == (completed ? 1 : 0));
    CHECK(status["counts"]["cancelled"] == (completed ? 2 : 3));
    CHECK(world.number("SELECT count(*) FROM lease") == 0);
    CHECK(world.number("SELECT count(*) FROM job WHERE ended_at_us IS NULL") == 0);
  });
}

TEST_CASE("interleave: the last two jobs of a scan end at once") {
  in_both_orders([](bool swapped) {
    QueueWorld world(postgres());
    const std::string scan = world.add_scan(2);
    const std::string a = world.add_sensor("a");
    const auto jobs = world.acquire(a, 2);
    REQUIRE(jobs.size() == 2);
    at_once(
        world, [&](Transaction& transaction) { CHECK(world.complete(transaction, jobs[0], a)); },
        [&](Transaction& transaction) { CHECK(world.complete(transaction, jobs[1], a)); }, swapped);
    world.sweep();
    CHECK(world.scan(scan)["state"] == "finished");
    world.check();
  });
}

TEST_CASE("interleave: the same call to complete, twice at once") {
  QueueWorld world(postgres());
  const std::string scan = world.add_scan(1);
  const std::string a = world.add_sensor("a");
  const auto job = world.acquire(a).at(0);
  bool first = false, second = false;
  at_once(
      world, [&](Transaction& transaction) { first = world.complete(transaction, job, a); },
      [&](Transaction& transaction) { second = world.complete(transaction, job, a); });
  CHECK(first);
  CHECK(second);
  CHECK(world.scan(scan)["counts"]["scanned"] == 1);
  world.check();
}

namespace {

/// A scan of two registries, with its listings leased.
std::vector<protocol::Job> two_listings(QueueWorld& world, const std::string& sensor) {
  const std::string scan = world.add_scan(0, "one:5000");
  world.write([&](Transaction& transaction) {
    transaction.run(
        "INSERT INTO registry(id,name,endpoint,kind,tls_verify,plain_http,scan_id,created_at_us) VALUES('r2','r2','two:5000','x',1,0,?,0)",
        {scan});
    create_list_job(transaction, scan, "r2", {}, world.terms.now);
  });
  return world.acquire(sensor, 2);
}

}  // namespace

TEST_CASE("interleave: two listings of a scan see the same image") {
  QueueWorld world(postgres());
  const std::string a = world.add_sensor("a");
  const auto listings = two_listings(world, a);
  REQUIRE(listings.size() == 2);
  at_once(
      world,
      [&](Transaction& transaction) {
        world.list(transaction, listings[0], {"same", "one"});
      },
      [&](Transaction& transaction) {
        world.list(transaction, listings[1], {"same", "two"});
      });
  CHECK(world.number("SELECT count(*) FROM job WHERE kind='image'") == 3);
  CHECK(world.number("SELECT count(*) FROM scan_item WHERE state='pending'") == 4);
  world.check();
}

TEST_CASE("interleave: an image is completed while another listing sees it") {
  in_both_orders([](bool swapped) {
    QueueWorld world(postgres());
    const std::string a = world.add_sensor("a");
    const auto listings = two_listings(world, a);
    REQUIRE(listings.size() == 2);
    world.write([&](Transaction& transaction) { world.list(transaction, listings[0], {"same"}); });
    const auto job = world.acquire(a).at(0);
    at_once(
        world, [&](Transaction& transaction) { CHECK(world.complete(transaction, job, a)); },
        [&](Transaction& transaction) { world.list(transaction, listings[1], {"same"}); }, swapped);
    CHECK(world.number("SELECT count(*) FROM scan_item WHERE state='scanned'") == 2);
    world.check();
  });
}

TEST_CASE("interleave: a layer's report arrives while another job asks for the layer") {
  in_both_orders([](bool swapped) {
    QueueWorld world(postgres());
    world.add_sensor("a");
    world.add_sensor("b");
    world.add_scan(2);
    const auto first = world.acquire("a").at(0), second = world.acquire("b").at(0);
    const protocol::LayerClaim claim{Secret("t"), engine_at(), {digest("l")}, false};
    protocol::LayerClaimAnswer answer;
    const auto ask = [&](Transaction& transaction, const protocol::Job& job, const std::string& sensor) {
      const auto leased = leased_job(transaction, job.id, job.lease_token, sensor, world.terms);
      answer = claim_layers(transaction, leased.value(), claim, world.terms.now);
    };
    world.write([&](Transaction& transaction) { ask(transaction, first, "a"); });
    REQUIRE(answer.claimed.size() == 1);
    const Work put = [&](Transaction& transaction) {
      const Bytes report = storage::zstd_compress(dump_json(layer_report("l"))),
                  facts = storage::zstd_compress(dump_json(layer_facts("l")));
      CHECK(put_layer_report(transaction, layer_report("l"), report, "a", world.terms.now).has_value());
      CHECK(put_layer_facts(transaction, digest("l"), engine_at().walker, {}, facts, "a", world.terms.now).has_value());
    };
    at_once(
        world, put, [&](Transaction& transaction) { ask(transaction, second, "b"); }, swapped);
    CHECK(answer.claimed.empty());
    CHECK((swapped ? answer.busy : answer.known).size() == 1);
  });
}

}  // namespace landwaiter::test
