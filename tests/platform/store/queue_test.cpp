// SPDX-License-Identifier: Apache-2.0
#include "platform/store/queue.hpp"

#include "platform/store/queue/processes.hpp"
#include "platform/store/queue/sweeper.hpp"
#include "platform/store/scans.hpp"
#include "tests/platform/support/queue_world.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <set>

namespace landwaiter::test {
namespace {

using namespace platform;
using namespace std::chrono_literals;

std::set<std::string> scans_of(const std::vector<protocol::Job>& jobs) {
  std::set<std::string> scans;
  for (const protocol::Job& job : jobs) scans.insert(job.scan_id);
  return scans;
}

json beat(const std::vector<json>& jobs) {
  json named = json::array();
  for (const json& job : jobs) {
    named.push_back(
        {{"job_id", job["id"]}, {"lease_token", job["lease_token"]}, {"bytes", 0}, {"layers", 0}, {"files", 0}, {"findings", 0}});
  }
  return {{"version", "2"}, {"protocols", {2}}, {"states", states_to_json(engine_at().states)}, {"jobs", named}};
}

json heartbeat_of(TestPlatform& platform, const TestSensor& sensor, const std::vector<json>& jobs) {
  const Reply reply = platform.call("POST", "/v3/sensors/me/heartbeat", beat(jobs), sensor.token);
  REQUIRE(reply.status == 200);
  return reply.body;
}

json acquire_by_id(TestPlatform& platform, const TestSensor& sensor, const std::string& request_id, int capacity = 1) {
  const Reply reply =
      platform.call("POST", "/v3/jobs/acquire", {{"capacity", capacity}, {"wait_s", 0}, {"request_id", request_id}}, sensor.token);
  return reply.status == 200 ? reply.body["jobs"] : json::array();
}

/// A scan whose images have been listed.
std::string listed_scan(TestPlatform& platform, const TestSensor& sensor, const std::vector<json>& items) {
  const std::string scan = platform.scan_images({"localhost:5000/app:1"});
  const json listing = platform.acquire(sensor).at(0);
  REQUIRE(platform.job_call(sensor, listing, "inventory", page(items)).status == 200);
  return scan;
}

}  // namespace

TEST_CASE("queue: a request that is repeated gets the jobs of the answer that was lost, and no more") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  listed_scan(platform, sensor, {item("a", "1", "a"), item("b", "1", "b")});
  const json first = acquire_by_id(platform, sensor, "request 1");
  REQUIRE(first.size() == 1);
  const json again = acquire_by_id(platform, sensor, "request 1", 2);
  REQUIRE(again.size() == 1);
  CHECK(again[0]["id"] == first[0]["id"]);
  CHECK(again[0]["attempt"] == 1);
  CHECK(platform.job_call(sensor, first[0], "complete", completion("a", {})).status == 409);
  const json other = acquire_by_id(platform, sensor, "request 2");
  REQUIRE(other.size() == 1);
  CHECK(other[0]["id"] != first[0]["id"]);
  for (const json& job : {again[0], other[0]}) {
    const std::string image = job["image"]["repository"];
    CHECK(platform.job_call(sensor, job, "complete", completion(image, {})).status == 200);
  }
  CHECK(platform.call("POST", "/v3/jobs/acquire", {{"request_id", std::string(201, 'x')}}, sensor.token).status == 400);
}

TEST_CASE("queue: a job that a heartbeat does not name never arrived, and costs nothing") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll(), other = platform.enroll("other");
  listed_scan(platform, sensor, {item("a", "1", "a")});
  const json lost = platform.acquire(sensor).at(0);
  platform.clock.advance(5s);
  heartbeat_of(platform, sensor, {});  // it may have been on its way when this was written
  CHECK(platform.acquire(other).empty());
  platform.clock.advance(6s);
  heartbeat_of(platform, sensor, {});
  SECTION("another has it at once, as its first attempt") {
    const json taken = platform.acquire(other);
    REQUIRE(taken.size() == 1);
    CHECK(taken[0]["attempt"] == 1);
    CHECK(heartbeat_of(platform, sensor, {lost})["lost"] == json::array({lost["id"]}));
  }
  SECTION("it arrived after all") {
    CHECK(heartbeat_of(platform, sensor, {lost})["lost"].empty());
    CHECK(platform.job_call(sensor, lost, "complete", completion("a", {})).status == 200);
  }
}

TEST_CASE("queue: a lost answer never makes a job suspect or fail") {
  QueueWorld world(test_engine());
  world.add_scan(1);
  const std::string a = world.add_sensor("a");
  for (int i = 0; i < 100; ++i) {
    const auto jobs = world.acquire(a);
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].attempt == 1);
    if (i % 2 == 0) {
      world.write([&](Transaction& transaction) { hand_back(transaction, jobs, world.terms.now); });
    } else {
      world.terms.now += 11s;
      world.write([&](Transaction& transaction) { heartbeat(transaction, a, {}, world.terms); });
    }
    world.check();
  }
  CHECK(world.number("SELECT silent_ends+silent_ends_alone FROM job WHERE kind='image'") == 0);
}

TEST_CASE("queue: what was finished is taken even after it was given up") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = listed_scan(platform, sensor, {item("a", "1", "a")});
  json job = platform.acquire(sensor).at(0);
  for (std::size_t end = 1; end < limits::job_silent_ends_max + limits::job_silent_ends_alone_max; ++end) {
    platform.clock.advance(61s);
    job = platform.acquire(sensor).at(0);
  }
  platform.clock.advance(61s);
  CHECK(platform.acquire(sensor).empty());
  json status = platform.get("/v3/scans/" + scan).body;
  CHECK(status["state"] == "failed");
  CHECK(status["counts"]["failed"] == 1);
  CHECK(platform.job_call(sensor, job, "layers", claim_body(job, {"l"})).status == 409);
  for (int i = 0; i < 2; ++i) CHECK(platform.job_call(sensor, job, "complete", completion("a", {})).status == 200);
  status = platform.get("/v3/scans/" + scan).body;
  CHECK(status["state"] == "finished");
  CHECK(status["counts"]["failed"] == 0);
  CHECK(status["counts"]["scanned"] == 1);
  CHECK(status["jobs"]["failed"] == 0);
}

TEST_CASE("queue: an image that one repository does not give is asked for in the other") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  for (const std::string code : {"unauthorized", "forbidden", "not_found"}) {
    const std::string scan = listed_scan(platform, sensor, {item("x", "1", code), item("y", "1", code)});
    const json job = platform.acquire(sensor).at(0);
    REQUIRE(platform.job_call(sensor, job, "fail", failure(false, code)).status == 200);
    const json other = platform.acquire(sensor);
    INFO(code);
    REQUIRE(other.size() == 1);
    CHECK(other[0]["image"]["repository"] == "y");
    REQUIRE(platform.job_call(sensor, other[0], "complete", completion(code, {})).status == 200);
    const json status = platform.get("/v3/scans/" + scan).body;
    CHECK(status["counts"]["scanned"] == 1);
    CHECK(status["counts"][code == "not_found" ? "gone" : "failed"] == 1);
    CHECK(status["state"] == "finished");
  }
}

TEST_CASE("queue: a scan of which no image could be read has failed") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = listed_scan(platform, sensor, {item("a", "1", "a"), item("b", "1", "b"), item("c", "1", "", "gone")});
  for (const json& job : platform.acquire(sensor, 2)) REQUIRE(platform.job_call(sensor, job, "fail", failure(false, "io")).status == 200);
  const json status = platform.get("/v3/scans/" + scan).body;
  CHECK(status["state"] == "failed");
  CHECK(status["error"] == "no image could be scanned: 2 failed");
  const std::string gone = listed_scan(platform, sensor, {item("c", "1", "", "gone")});
  CHECK(platform.get("/v3/scans/" + gone).body["state"] == "finished");
}

TEST_CASE("queue: cancelling a large scan is answered at once, and what it leaves is done in pieces") {
  QueueWorld world(test_engine());
  const std::string scan = world.add_scan(2500);
  const std::string a = world.add_sensor("a");
  const auto held = world.acquire(a, 3);
  REQUIRE(held.size() == 3);
  world.write([&](Transaction& transaction) { CHECK(cancel_scan(transaction, scan, world.terms.now)); });
  const auto is_cancelled = [&] {
    const json status = world.scan(scan);
    CHECK(status["state"] == "cancelled");
    CHECK(status["counts"]["cancelled"] == 2500);
    CHECK(status["jobs"]["cancelled"] == 2500);
    CHECK(adds_up(status["counts"]));
    world.check();
  };
  is_cancelled();
  CHECK(world.acquire(a).empty());
  world.write([&](Transaction& transaction) { CHECK_FALSE(world.complete(transaction, held[0], a)); });
  int sweeps = 0;
  for (bool more = true; more; ++sweeps) {
    const std::int64_t open = world.number("SELECT count(*) FROM job WHERE ended_at_us IS NULL");
    world.write([&](Transaction& transaction) { more = sweep(transaction, world.terms).more; });
    CHECK(open - world.number("SELECT count(*) FROM job WHERE ended_at_us IS NULL") <= 500);
    is_cancelled();
  }
  CHECK(sweeps >= 5);
  CHECK(world.number("SELECT count(*) FROM job WHERE ended_at_us IS NULL") == 0);
  CHECK(world.number("SELECT count(*) FROM lease") == 0);
  CHECK(world.number("SELECT settled FROM scan") == 1);
  CHECK(world.number("SELECT count(*) FROM scan_delta") == 0);
}

TEST_CASE("queue: a registry host has at most its number of jobs leased, of which walks leave some to requests") {
  QueueWorld world(test_engine());
  world.add_scan(20, "one:5000", true);
  const std::string elsewhere = world.add_scan(5, "two:5000", true);
  world.write([](Transaction& transaction) { transaction.run("UPDATE lane SET jobs_max=8 WHERE endpoint='one:5000'"); });
  const std::string a = world.add_sensor("a");
  CHECK(world.acquire(a, 50).size() == 6 + 5);
  const std::string asked = world.add_scan(5, "one:5000");
  const auto more = world.acquire(a, 50);
  CHECK(more.size() == 2);
  CHECK(scans_of(more) == std::set{asked});
  world.write([](Transaction& transaction) { transaction.run("UPDATE lane SET paused=1"); });
  CHECK(world.acquire(world.add_sensor("b"), 50).empty());
}

TEST_CASE("queue: what was asked for comes before walks, a higher priority before both, and hosts share") {
  QueueWorld world(test_engine());
  const std::string walk = world.add_scan(50, "one:5000", true);
  const std::string a = world.add_sensor("a");
  CHECK(scans_of(world.acquire(a, 2)) == std::set{walk});
  const std::string asked = world.add_scan(2, "one:5000"), urgent = world.add_scan(1, "two:5000", true, 10);
  CHECK(scans_of(world.acquire(a)) == std::set{urgent});
  CHECK(scans_of(world.acquire(a, 2)) == std::set{asked});
  const std::string other = world.add_scan(50, "two:5000", true);
  std::map<std::string, int> jobs;
  for (const protocol::Job& job : world.acquire(a, 21)) ++jobs[job.scan_id];
  CHECK(jobs[walk] + 2 + 2 == jobs[other] + 1);  // each host has as many leased
}

TEST_CASE("queue: scans of one host take turns, also one that came when the other was far") {
  QueueWorld world(test_engine());
  const std::string first = world.add_scan(40, "one:5000", true);
  const std::string a = world.add_sensor("a");
  REQUIRE(world.acquire(a, 20).size() == 20);
  const std::string second = world.add_scan(40, "one:5000", true);
  std::map<std::string, int> jobs;
  for (const protocol::Job& job : world.acquire(a, 10)) ++jobs[job.scan_id];
  CHECK(jobs[first] == 5);
  CHECK(jobs[second] == 5);
}

TEST_CASE("queue: one sensor cannot lease everything") {
  QueueWorld world(test_engine());
  world.add_scan(300);
  world.write([](Transaction& transaction) { transaction.run("UPDATE lane SET jobs_max=1000"); });
  const std::string a = world.add_sensor("a");
  std::size_t leased = 0;
  for (int i = 0; i < 3; ++i) leased += world.acquire(a, 200).size();
  CHECK(leased == limits::api_jobs_max);
}

TEST_CASE("queue: while nobody serves, leases do not run; a dead sensor gains nothing by restarts") {
  QueueWorld world(test_engine());
  world.add_scan(1);
  const std::string a = world.add_sensor("a");
  const auto start = [&](const std::string& id) {
    world.write([&](Transaction& transaction) { start_process(transaction, {id, "1"}, world.terms); });
  };
  const auto leases = [&] { return world.number("SELECT count(*) FROM lease"); };
  start("p1");
  REQUIRE(world.acquire(a).size() == 1);
  world.terms.now += 10h;
  start("p2");
  start("p3");  // at the same moment: the outage is over
  world.terms.now += 59s;
  world.sweep();
  CHECK(leases() == 1);
  world.terms.now += 2s;
  world.sweep();
  CHECK(leases() == 0);

  REQUIRE(world.acquire(a).size() == 1);
  for (int i = 0; i < 4; ++i) {  // a program that cannot live
    world.write([&](Transaction& transaction) { note_process(transaction, {"p3", "1"}, world.terms.now); });
    world.terms.now += 20s;
    start("p" + std::to_string(i + 4));
    world.sweep();
  }
  CHECK(leases() == 0);
}

TEST_CASE("queue: pages of a scan's items and the claim of a job follow an index") {
  QueueWorld world(test_engine());
  if (test_engine().name != "sqlite") return;
  const auto plan = [&](const std::string& statement) {
    std::string text;
    world.write([&](Transaction& transaction) {
      Rows rows = transaction.query("EXPLAIN QUERY PLAN " + statement);
      while (rows.next()) text += rows.text(3) + "\n";
    });
    return text;
  };
  for (const char* state : {"", " AND state='failed'"}) {
    const std::string said =
        plan("SELECT id,repository FROM scan_item WHERE scan_id='x' AND id>5" + std::string(state) + " ORDER BY id LIMIT 9");
    CHECK(said.find("TEMP B-TREE") == std::string::npos);
    CHECK(said.find("SCAN") == std::string::npos);
  }
  const std::string claim = plan(
      "SELECT job.id FROM job JOIN scan ON scan.id=job.scan_id WHERE job.lane_id=1 AND job.class=0 AND job.kind='image'"
      " AND job.state='queued' AND (job.rank,job.turn,job.id)>(1,2,'x') ORDER BY job.rank,job.turn,job.id LIMIT 9");
  CHECK(claim.find("job_next") != std::string::npos);
  CHECK(claim.find("TEMP B-TREE") == std::string::npos);
}

}  // namespace landwaiter::test
