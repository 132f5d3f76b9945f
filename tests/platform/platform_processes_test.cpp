// SPDX-License-Identifier: Apache-2.0
// Several platforms on one PostgreSQL database.
#include "platform/notifier.hpp"
#include "storage/postgres/postgres_database.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/storage/support/test_engine.hpp"
#include "tests/support/catch.hpp"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace landwaiter::test {
namespace {

using namespace std::chrono_literals;
using storage::Access;
using storage::Transaction;

/// It does nothing by itself, so what happens is because of a notification.
TestPlatform::Settings still() { return {.reap_interval = 1h, .database = fresh_postgres_address()}; }

/// Ends a process of the server by force, after which it ends all its connections and recovers.
void crash_server(const TestPlatform& platform) {
  const auto database = platform.connect();
  Transaction ask(*database, Access::read);
  REQUIRE(::kill(static_cast<pid_t>(ask.number("SELECT pg_backend_pid()")), SIGKILL) == 0);
}

/// Reads an image's one layer and completes it.
bool do_image(TestPlatform& platform, const TestSensor& sensor, const json& job) {
  const std::string image = job["image"]["repository"];
  if (platform.put_layer(sensor, layer_report(image)).status != 204) return false;
  json done = completion(image, {image});
  done["facts"]["digest"] = job["image"]["digest"];
  return platform.job_call(sensor, job, "complete", done).status == 200;
}

}  // namespace

TEST_CASE("processes: a job that one queues wakes who waits at the other, and so does a layer") {
  TestPlatform first(still());
  TestPlatform second(first, {.reap_interval = 1h});
  const TestSensor a = first.enroll("a"), b = first.enroll("b");
  Reply waited;
  std::thread waiting([&] { waited = second.call("POST", "/v3/jobs/acquire", {{"capacity", 1}, {"wait_s", 50}}, b.token); });
  std::this_thread::sleep_for(200ms);
  first.scan_images({"localhost:5000/one:1"});
  waiting.join();
  REQUIRE(waited.status == 200);
  const json listing = waited.body["jobs"][0];
  REQUIRE(second.job_call(b, listing, "inventory", page({item("one", "1", "one"), item("two", "1", "two")})).status == 200);
  const json job_a = first.acquire(a)[0], job_b = second.acquire(b)[0];
  REQUIRE(first.job_call(a, job_a, "layers", claim_body(job_a, {"base"})).body["claimed"].size() == 1);
  // The facts would wake it as well, and it might then ask just as the report comes.
  REQUIRE(first.put_facts(a, "base").status == 204);
  Reply put;
  std::thread reading([&] {
    std::this_thread::sleep_for(200ms);
    put = first.put_report(a, layer_report("base"));
  });
  const Reply told = second.job_call(b, job_b, "layers?wait_s=20", claim_body(job_b, {"base"}));
  reading.join();
  INFO(put.text << told.text);
  CHECK(put.status == 204);
  REQUIRE(told.status == 200);
  CHECK(told.body["known"].size() == 1);
}

TEST_CASE("processes: one that is killed loses nothing, and the other goes on with its sensors") {
  TestPlatform::Settings settings{.database = fresh_postgres_address()};
  auto first = std::make_unique<TestPlatform>(settings);
  TestPlatform second(*first, {});
  const TestSensor a = first->enroll("a"), b = first->enroll("b");
  const std::string scan = first->scan_images({"localhost:5000/x:1"});
  const json listing = first->acquire(a)[0];
  std::vector<json> items;
  for (int i = 0; i < 12; ++i) items.push_back(item("image" + std::to_string(i), "1", "image" + std::to_string(i)));
  REQUIRE(first->job_call(a, listing, "inventory", page(items)).status == 200);
  const json of_a = first->acquire(a, 4);
  const json of_b = second.acquire(b, 100);
  REQUIRE(of_a.size() == 4);
  REQUIRE(of_b.size() == 8);
  CHECK(do_image(*first, a, of_a[0]));
  first->kill();
  for (std::size_t i = 1; i < of_a.size(); ++i) CHECK(do_image(second, a, of_a[i]));
  for (const json& job : of_b) CHECK(do_image(second, b, job));
  const json counts = second.get("/v3/scans/" + scan).body["counts"];
  CHECK(adds_up(counts));
  CHECK(counts["scanned"] == 12);
  CHECK(second.get("/v3/scans/" + scan).body["state"] == "finished");
}

TEST_CASE("processes: no job goes to two sensors that ask two processes at once") {
  TestPlatform first({.database = fresh_postgres_address()});
  TestPlatform second(first, {});
  const TestSensor a = first.enroll("a"), b = first.enroll("b");
  first.scan_images({"localhost:5000/x:1"});
  const json listing = first.acquire(a)[0];
  std::vector<json> items;
  for (int i = 0; i < 60; ++i) items.push_back(item("image" + std::to_string(i), "1", "image" + std::to_string(i)));
  REQUIRE(first.job_call(a, listing, "inventory", page(items)).status == 200);
  std::vector<std::string> ids_a, ids_b;
  const auto take_all = [](TestPlatform& from, const TestSensor& sensor, std::vector<std::string>& ids) {
    for (int i = 0; i < 40; ++i) {
      for (const json& job : from.acquire(sensor)) ids.push_back(job["id"]);
    }
  };
  std::thread other([&] { take_all(second, b, ids_b); });
  take_all(first, a, ids_a);
  other.join();
  std::set<std::string> ids(ids_a.begin(), ids_a.end());
  ids.insert(ids_b.begin(), ids_b.end());
  CHECK(ids.size() == 60);
  CHECK(ids_a.size() + ids_b.size() == 60);
}

TEST_CASE("processes: a database that restarts costs some 503, and then all goes on") {
  TestPlatform platform({.database = fresh_postgres_address()});
  const TestSensor sensor = platform.enroll();
  const std::string scan = platform.scan_images({"localhost:5000/x:1"});
  std::atomic<bool> over = false;
  std::set<int> statuses;
  std::thread load([&] {
    while (!over) {
      statuses.insert(platform.call("POST", "/v3/jobs/acquire", {{"capacity", 0}}, sensor.token).status);
      statuses.insert(platform.get("/v3/scans").status);
      statuses.insert(platform.call("POST", "/v3/sensors/me/heartbeat", {{"version", "1"}, {"protocols", {2}}}, sensor.token).status);
    }
  });
  crash_server(platform);
  CHECK(becomes([&] { return platform.get("/v3/scans/" + scan).status == 200; }));
  std::this_thread::sleep_for(100ms);
  over = true;
  load.join();
  for (const int status : statuses) {
    INFO(status);
    CHECK((status == 200 || status == 400 || status == 503));
  }
  json jobs;
  CHECK(becomes([&] {
    const Reply reply = platform.call("POST", "/v3/jobs/acquire", {{"capacity", 1}}, sensor.token);
    if (reply.status == 200) jobs = reply.body["jobs"];
    return !jobs.empty();
  }));
  CHECK(jobs.size() == 1);
  // Notifications are heard again too: see how it wakes who waits.
  CHECK(becomes([&] { return platform.call("GET", "/readyz").status == 200; }));
}

TEST_CASE("notifier: two hear each other and not themselves; one whose notifications get lost knows it") {
  const Secret address = fresh_postgres_address();
  boost::asio::io_context io;
  std::atomic<int> heard_by_a = 0, heard_by_b = 0, heard_by_deaf = 0;
  const auto connect = [&]() -> Result<std::unique_ptr<storage::Database>> { return storage::open_postgres({.address = address}); };
  const auto listen = [&](std::string_view channel) {
    return [&, channel] { return storage::listen_to_postgres({.address = address}, channel); };
  };
  const auto make = [&](const char* name, std::string_view channel, std::atomic<int>& heard) {
    platform::Notifier::Config config{.process = name, .connect = connect, .listen = listen(channel), .proof_time = 300ms};
    auto notifier = std::make_shared<platform::Notifier>(io.get_executor(), config, [&heard](platform::TopicSet) { ++heard; });
    notifier->start();
    return notifier;
  };
  const auto a = make("a", platform::Notifier::kChannel, heard_by_a), b = make("b", platform::Notifier::kChannel, heard_by_b);
  const auto deaf = make("deaf", "another_channel", heard_by_deaf);
  const auto until = [&](const std::function<bool()>& true_now) {
    return becomes([&] {
      io.restart();
      io.poll();
      return true_now();
    });
  };
  CHECK(until([&] { return a->hears() && b->hears() && heard_by_deaf == 1; }));
  CHECK(heard_by_a == 1);  // because something may have come before it listened
  platform::TopicSet jobs;
  jobs.add(platform::Topic::jobs);
  a->publish(jobs);
  CHECK(until([&] { return heard_by_b == 2; }));
  CHECK(heard_by_a == 1);
  CHECK_FALSE(deaf->hears());
  for (const auto& notifier : {a, b, deaf}) {
    notifier->stop();
    notifier->end();
  }
}

}  // namespace landwaiter::test
