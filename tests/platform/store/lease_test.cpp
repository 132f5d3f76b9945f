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
  CHECK(taken["attempt"] == 2);
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
    for (std::size_t attempt = 1; attempt < limits::job_attempts_max; ++attempt) {
      platform.clock.advance(61s);
      const json again = platform.acquire(sensor);
      REQUIRE(again.size() == 1);
      CHECK(again[0]["attempt"] == attempt + 1);
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
  CHECK(status["state"] == "finished");
  REQUIRE(status["errors"].size() == 1);
  CHECK_FALSE(status["errors"][0]["reason"].get<std::string>().empty());
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
