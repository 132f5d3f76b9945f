// SPDX-License-Identifier: Apache-2.0
#include "core/base/limits.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::test {
namespace {

using namespace std::chrono_literals;

json beat_of(const json& job) {
  return {{"version", "2"},
          {"protocols", {2}},
          {"states", states_to_json(engine_at().states)},
          {"jobs",
           {{{"job_id", job["id"]}, {"lease_token", job["lease_token"]}, {"bytes", 10}, {"layers", 1}, {"files", 2}, {"findings", 3}}}}};
}

json heartbeat(TestPlatform& platform, const TestSensor& sensor, const json& job) {
  const Reply reply = platform.call("POST", "/v3/sensors/me/heartbeat", beat_of(job), sensor.token);
  REQUIRE(reply.status == 200);
  return reply.body;
}

/// A scan with one image job, leased.
json image_job(TestPlatform& platform, const TestSensor& sensor) {
  platform.scan_images({"localhost:5000/app:1"});
  const json listing = platform.acquire(sensor)[0];
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({item("app", "1", "image")})).status == 200);
  return platform.acquire(sensor)[0];
}

}  // namespace

TEST_CASE("lease: it lasts as long as it is renewed, and its progress shows") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const json job = image_job(platform, sensor);
  for (int i = 0; i < 5; ++i) {
    platform.clock.advance(50s);
    const json answer = heartbeat(platform, sensor, job);
    CHECK(answer["lost"].empty());
    CHECK(answer["cancelled"].empty());
  }
  CHECK(platform.acquire(sensor).empty());
  CHECK(platform.get("/v3/scans/" + job["scan_id"].get<std::string>()).body["progress"]["bytes"] == 10);
}

TEST_CASE("lease: one that ran out goes to another sensor, and the first is told to drop the job") {
  TestPlatform platform;
  const TestSensor first = platform.enroll("first"), second = platform.enroll("second");
  const json job = image_job(platform, first);
  platform.clock.advance(61s);
  const json taken = platform.acquire(second)[0];
  CHECK(taken["id"] == job["id"]);
  CHECK(taken["attempt"] == 1);  // silence costs none: the job may have been a neighbor of what ended the sensor
  CHECK(taken["lease_token"] != job["lease_token"]);
  CHECK(heartbeat(platform, first, job)["lost"] == json::array({job["id"]}));
  for (const char* verb : {"complete", "fail", "layers"}) {
    const json body = verb == std::string("fail")     ? failure(true)
                      : verb == std::string("layers") ? claim_body(job, {"l"})
                                                      : completion("image", {});
    const Reply reply = platform.job_call(first, job, verb, body);
    INFO(verb);
    CHECK(reply.status == 409);
    CHECK(reply.body["type"] == "urn:landwaiter:problem:stale-lease");
  }
  CHECK(platform.job_call(second, taken, "complete", completion("image", {})).status == 200);
}

TEST_CASE("lease: its holder takes it up again while nobody else has the job") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const json job = image_job(platform, sensor);
  platform.clock.advance(1h);
  CHECK(heartbeat(platform, sensor, job)["lost"].empty());
  CHECK(platform.acquire(sensor).empty());
  platform.clock.advance(1h);
  CHECK(platform.job_call(sensor, job, "complete", completion("image", {})).status == 200);
}

TEST_CASE("lease: attempts are bounded, then the image failed with the reason") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  json job = image_job(platform, sensor);
  const std::string scan = job["scan_id"];
  SECTION("sensors that go silent") {
    for (std::size_t end = 1; end < limits::job_silent_ends_max + limits::job_silent_ends_alone_max; ++end) {
      platform.clock.advance(61s);
      const json again = platform.acquire(sensor);
      REQUIRE(again.size() == 1);
      CHECK(again[0]["attempt"] == 1);
    }
    platform.clock.advance(61s);
    CHECK(platform.acquire(sensor).empty());
  }
  SECTION("failures that may pass, tried again after growing waits") {
    for (std::size_t attempt = 1; attempt < limits::job_attempts_max; ++attempt) {
      REQUIRE(platform.job_call(sensor, job, "fail", failure(true)).status == 200);
      CHECK(platform.job_call(sensor, job, "fail", failure(true)).status == 200);  // a repetition
      CHECK(platform.acquire(sensor).empty());
      platform.clock.advance(5min);
      job = platform.acquire(sensor).at(0);
    }
    REQUIRE(platform.job_call(sensor, job, "fail", failure(true)).status == 200);
    platform.clock.advance(1h);
    CHECK(platform.acquire(sensor).empty());
  }
  const json status = platform.get("/v3/scans/" + scan).body;
  CHECK(status["counts"]["failed"] == 1);
  CHECK(adds_up(status["counts"]));
  CHECK(status["state"] == "failed");  // no image could be scanned
  REQUIRE(status["errors"].size() == 1);
  CHECK_FALSE(status["errors"][0]["reason"].get<std::string>().empty());
}

namespace {

json repositories_of(const json& jobs) {
  json out = json::array();
  for (const json& job : jobs) out.push_back(job["image"]["repository"]);
  return out;
}

/// Leases everything to the sensor, which then dies, until each image is suspect.
std::string make_suspects(TestPlatform& platform, const TestSensor& sensor, const json& items) {
  platform.scan_images({"localhost:5000/app:1"});
  const json listing = platform.acquire(sensor)[0];
  REQUIRE(platform.job_call(sensor, listing, "inventory", page(items)).status == 200);
  for (std::size_t end = 0; end < limits::job_silent_ends_max; ++end) {
    CHECK(platform.acquire(sensor, 4).size() == items.size());
    platform.clock.advance(61s);
  }
  return listing["scan_id"];
}

}  // namespace

TEST_CASE("lease: an image that ends its sensors is found, and its neighbors lose nothing") {
  TestPlatform platform;
  const TestSensor first = platform.enroll("first"), second = platform.enroll("second");
  const json items{item("good1", "1", "one"), item("bad", "1", "two"), item("good2", "1", "three")};
  const std::string scan = make_suspects(platform, first, items);
  std::size_t deaths = 0;
  for (int i = 0; i < 10; ++i) {
    const TestSensor& sensor = i % 2 == 0 ? first : second;
    const json alone = platform.acquire(sensor, 4);
    if (alone.empty()) break;
    REQUIRE(alone.size() == 1);
    CHECK(alone[0]["attempt"] == 1);
    CHECK(platform.acquire(sensor, 4).empty());  // nothing else until it ends
    if (repositories_of(alone) == json{"bad"}) {
      ++deaths;
      platform.clock.advance(61s);
    } else {
      CHECK(platform.job_call(sensor, alone[0], "fail", failure(false)).status == 200);
    }
  }
  CHECK(deaths == limits::job_silent_ends_alone_max);
  const json status = platform.get("/v3/scans/" + scan).body;
  CHECK(status["state"] == "failed");  // no image could be scanned
  std::size_t blamed = 0;
  for (const json& error : status["errors"]) {
    const bool stopped = error["reason"].get<std::string>().find("a sensor stopped responding, 2 times, while image bad@sha256:") == 0;
    CHECK(stopped == (error["repository"] == "bad"));
    if (stopped) ++blamed;
  }
  CHECK(blamed == 1);
}

TEST_CASE("lease: a suspect waits until a sensor has no other job, but not forever") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  make_suspects(platform, sensor, json::array({item("bad", "1", "one")}));
  platform.scan_images({"localhost:5000/other:1"});
  const json listing = platform.acquire(sensor, 4);
  REQUIRE(listing.size() == 1);
  REQUIRE(listing[0].contains("list"));
  const json items{item("x", "1", "x"), item("y", "1", "y"), item("z", "1", "z")};
  REQUIRE(platform.job_call(sensor, listing[0], "inventory", page(items)).status == 200);
  const json x = platform.acquire(sensor, 1), y = platform.acquire(sensor, 1);
  REQUIRE(repositories_of(x) != json{"bad"});
  for (auto waited = 0s; waited <= limits::suspect_wait_max; waited += 50s) {
    platform.clock.advance(50s);
    heartbeat(platform, sensor, x[0]);
    heartbeat(platform, sensor, y[0]);
  }
  CHECK(platform.acquire(sensor, 4).empty());  // z would go on forever
  REQUIRE(platform.job_call(sensor, x[0], "fail", failure(false)).status == 200);
  CHECK(platform.acquire(sensor, 4).empty());
  REQUIRE(platform.job_call(sensor, y[0], "fail", failure(false)).status == 200);
  CHECK(repositories_of(platform.acquire(sensor, 4)) == json{"bad"});
}

TEST_CASE("lease: a sensor that was only away makes no job suspect") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const json job = image_job(platform, sensor);
  const TestSensor other = platform.enroll("other");
  platform.scan_images({"localhost:5000/b:1"});
  const json listing = platform.acquire(other);
  REQUIRE(listing.size() == 1);
  for (std::size_t i = 0; i < limits::job_silent_ends_max + limits::job_silent_ends_alone_max; ++i) {
    platform.clock.advance(61s);
    heartbeat(platform, other, listing[0]);
    const json lists{{"capacity", 1}, {"wait_s", 0}, {"kinds", {"list"}}};
    CHECK(platform.call("POST", "/v3/jobs/acquire", lists, other.token).status == 204);  // the lease has run out, and is noticed
    CHECK(heartbeat(platform, sensor, job)["lost"].empty());
  }
  // A suspect would not be leased beside another job.
  REQUIRE(platform.job_call(sensor, job, "fail", failure(true, "cancelled", true)).status == 200);
  CHECK(platform.acquire(other).size() == 1);
}

TEST_CASE("lease: an image job is not renewed forever") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const json job = image_job(platform, sensor);
  for (auto held = 0s; held < limits::image_time_max; held += 50s) {
    platform.clock.advance(50s);
    if (held + 50s < limits::image_time_max) CHECK(heartbeat(platform, sensor, job)["lost"].empty());
  }
  platform.clock.advance(1s);
  CHECK(platform.acquire(sensor).empty());
  CHECK(heartbeat(platform, sensor, job)["lost"] == json::array({job["id"]}));
  const json status = platform.get("/v3/scans/" + job["scan_id"].get<std::string>()).body;
  CHECK(status["state"] == "failed");  // no image could be scanned
  REQUIRE(status["errors"].size() == 1);
  CHECK(status["errors"][0]["reason"].get<std::string>().find("was not read within 86400 s") != std::string::npos);
}

TEST_CASE("lease: what is handed back does not count as an attempt") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  json job = image_job(platform, sensor);
  for (int i = 0; i < 12; ++i) {
    REQUIRE(platform.job_call(sensor, job, "fail", failure(true, "cancelled", true)).status == 200);
    job = platform.acquire(sensor).at(0);
    CHECK(job["attempt"] == 1);
  }
}

TEST_CASE("lease: final failures give the image its state") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const json job = image_job(platform, sensor);
  const std::string scan = job["scan_id"];
  for (const auto& [code, state] :
       std::map<std::string, std::string>{{"not_found", "gone"}, {"unsupported", "unsupported"}, {"unauthorized", "failed"}}) {
    const json again = code == "not_found" ? job : image_job(platform, sensor);
    REQUIRE(platform.job_call(sensor, again, "fail", failure(false, code)).status == 200);
    const json status = platform.get("/v3/scans/" + again["scan_id"].get<std::string>()).body;
    INFO(code);
    CHECK(status["counts"][state] == 1);
    CHECK(status["errors"][0]["reason"] == "the reason");
  }
}

TEST_CASE("lease: a listing that fails makes the scan fail, with its reason") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = platform.scan_images({"localhost:5000/app:1"});
  const json listing = platform.acquire(sensor)[0];
  REQUIRE(platform.job_call(sensor, listing, "fail", failure(false, "unauthorized")).status == 200);
  const json status = platform.get("/v3/scans/" + scan).body;
  CHECK(status["state"] == "failed");
  CHECK(status["error"].get<std::string>().find("the reason") != std::string::npos);
}

TEST_CASE("lease: a listing goes on where the attempt before stopped") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/app:1"});
  const json listing = platform.acquire(sensor)[0];
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({}, false, "page 7")).status == 200);
  platform.clock.advance(61s);
  CHECK(platform.acquire(sensor).at(0)["list"]["cursor"] == "page 7");
}

}  // namespace landwaiter::test
