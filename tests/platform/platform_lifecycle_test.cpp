// SPDX-License-Identifier: Apache-2.0
// The whole protocol, as sensors and people see it.
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <set>

namespace landwaiter::test {
namespace {

json counts(TestPlatform& platform, const std::string& scan) {
  const Reply reply = platform.get("/v3/scans/" + scan);
  REQUIRE(reply.status == 200);
  CHECK(adds_up(reply.body["counts"]));
  return reply.body["counts"];
}

std::string state(TestPlatform& platform, const std::string& scan) { return platform.get("/v3/scans/" + scan).body["state"]; }

/// Lists, and gives back the jobs that follow.
json list_and_acquire(TestPlatform& platform, const TestSensor& sensor, const std::vector<json>& items) {
  const json jobs = platform.acquire(sensor);
  REQUIRE(jobs.size() == 1);
  REQUIRE(jobs[0]["kind"] == "list");
  REQUIRE(platform.job_call(sensor, jobs[0], "inventory", page(items)).status == 200);
  return platform.acquire(sensor, 100);
}

}  // namespace

TEST_CASE("platform: a scan from its creation to its findings") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = platform.scan_images({"docker://localhost:5000/app:1", "localhost:5000/app:2"});
  CHECK(state(platform, scan) == "queued");

  const json listing = platform.acquire(sensor);
  REQUIRE(listing.size() == 1);
  CHECK(listing[0]["kind"] == "list");
  CHECK(listing[0]["attempt"] == 1);
  CHECK(listing[0]["registry"]["endpoint"] == "localhost:5000");
  CHECK(listing[0]["list"]["references"] == json({"app:1", "app:2"}));
  CHECK(listing[0]["sealed_credentials"] == "");
  CHECK(platform.acquire(sensor).empty());
  CHECK(state(platform, scan) == "running");

  // The same image under two tags is one job; scanning may start before the listing is complete.
  CHECK(platform.job_call(sensor, listing[0], "inventory", page({item("app", "1", "image"), item("app", "2", "image")}, false, "c1"))
            .status == 200);
  const json jobs = platform.acquire(sensor, 10);
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0]["image"]["digest"] == digest("image").str());
  CHECK(jobs[0]["image"]["tags"] == json({"1", "2"}));
  CHECK(platform
            .job_call(sensor, listing[0], "inventory",
                      page({item("app", "3", "other", "unsupported"), item("app", "4", "", "gone"), item("app", "5", "x", "filtered")},
                           true, "c2"))
            .status == 200);
  CHECK(counts(platform, scan)["pending"] == 2);

  const json claimed = platform.job_call(sensor, jobs[0], "layers", claim_body(jobs[0], {"base", "top"})).body;
  CHECK(claimed["claimed"].size() == 2);
  CHECK(platform.put_layer(sensor, layer_report("base")).status == 204);
  const Reply early = platform.job_call(sensor, jobs[0], "complete", completion("image", {"base", "top"}));
  CHECK(early.status == 409);
  CHECK(early.body["type"] == "urn:landwaiter:problem:layer-report-missing");
  CHECK(early.body["missing"] == json::array({digest("top").str()}));
  CHECK(platform.put_layer(sensor, layer_report("top")).status == 204);
  CHECK(platform.job_call(sensor, jobs[0], "complete", completion("image", {"base", "top"})).status == 200);

  const json done = counts(platform, scan);
  CHECK(done["listed"] == 5);
  CHECK(done["scanned"] == 2);
  CHECK(done["unsupported"] == 1);
  CHECK(done["gone"] == 1);
  CHECK(done["filtered"] == 1);
  CHECK(state(platform, scan) == "finished");

  const json findings = platform.get("/v3/findings").body["findings"];
  REQUIRE(findings.size() == 3);
  CHECK(findings[0]["title"] == "shared certificate");
  CHECK(findings[0]["images"] == 1);
  CHECK(findings[0]["occurrences"] == 2);
  const json one = platform.get("/v3/findings/" + digest("shared certificate").str()).body;
  REQUIRE(one["occurrences"].size() == 2);
  CHECK(one["occurrences"][0]["image"] == digest("image").str());
  const json report = platform.get("/v3/images/" + digest("image").str() + "/report").body;
  CHECK(report["findings"].size() == 3);
  CHECK(report["stats"]["layers_fetched"] == 2);
  for (const json& finding : report["findings"]) CHECK(finding["attributes"]["issues"].is_array());
  for (const std::string& base : {"/v3/images/" + digest("image").str() + "/export", "/v3/scans/" + scan + "/export"}) {
    INFO(base);
    const Reply bom = platform.get(base + "?version=1.7");
    CHECK(bom.status == 200);
    CHECK(bom.headers.at("content-type") == "application/vnd.cyclonedx+json; version=1.7");
    const json& document = bom.body;
    CHECK(document["specVersion"] == "1.7");
    CHECK(document["metadata"]["component"]["version"] == digest("image").str());
    CHECK(document["components"].size() >= 3);
    CHECK(platform.get(base).body["specVersion"] == "1.6");
    CHECK(platform.get(base + "?format=sarif").body["version"] == "2.1.0");
    const Reply csv = platform.get(base + "?format=csv");
    CHECK(csv.text.starts_with("image,digest,"));
    CHECK(csv.text.ends_with("\r\n"));
    CHECK(std::ranges::count(csv.text, '\n') >= 4);
    CHECK(csv.headers.at("transfer-encoding") == "chunked");
    CHECK(platform.get(base + "?format=pdf").status == 400);
    CHECK(platform.get(base + "?version=2").status == 400);
    CHECK(platform.get(base + "?format=csv&version=1.6").status == 400);
  }
  CHECK(platform.get("/v3/images/" + digest("none").str() + "/export").status == 404);
  CHECK(platform.get("/v3/scans/none/export").status == 404);
  CHECK(platform.get("/v3/images").body["images"].size() == 1);
  CHECK(platform.get("/v3/scans").body["scans"][0]["id"] == scan);
  CHECK(platform.get("/v3/scans/" + scan + "/items").body["items"].size() == 5);
  CHECK(platform.get("/v3/sensors").body["sensors"].size() == 1);
}

TEST_CASE("platform: repeating any call changes nothing") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = platform.scan_images({"localhost:5000/app:1"});
  const json listing = platform.acquire(sensor)[0];
  const json first = page({item("app", "1", "image"), item("app", "2", "", "failed")}, false, "c");
  for (int i = 0; i < 3; ++i) REQUIRE(platform.job_call(sensor, listing, "inventory", first).status == 200);
  for (int i = 0; i < 3; ++i) REQUIRE(platform.job_call(sensor, listing, "inventory", page({item("app", "1", "image")})).status == 200);
  for (int i = 0; i < 2; ++i) REQUIRE(platform.job_call(sensor, listing, "complete", nullptr).status == 200);
  CHECK(counts(platform, scan)["listed"] == 2);
  const json jobs = platform.acquire(sensor, 10);
  REQUIRE(jobs.size() == 1);
  for (int i = 0; i < 2; ++i) {
    CHECK(platform.job_call(sensor, jobs[0], "layers", claim_body(jobs[0], {"l"})).body["claimed"].size() == 1);
  }
  for (int i = 0; i < 2; ++i) REQUIRE(platform.put_layer(sensor, layer_report("l")).status == 204);
  for (int i = 0; i < 3; ++i) REQUIRE(platform.job_call(sensor, jobs[0], "complete", completion("image", {"l"})).status == 200);
  CHECK(counts(platform, scan)["scanned"] == 1);
  CHECK(counts(platform, scan)["failed"] == 1);
  CHECK(platform.get("/v3/findings").body["findings"][0]["occurrences"] == 1);
  CHECK(platform.acquire(sensor, 10).empty());
}

TEST_CASE("platform: a failed attempt's unreadable tag is not a second item once it can be read") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = platform.scan_images({"localhost:5000/app:1"});
  const json listing = platform.acquire(sensor)[0];
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({item("app", "1", "", "failed")}, false)).status == 200);
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({item("app", "1", "image")})).status == 200);
  CHECK(counts(platform, scan)["listed"] == 1);
  CHECK(counts(platform, scan)["pending"] == 1);
}

TEST_CASE("platform: two sensors share layers, each is read once") {
  TestPlatform platform;
  const TestSensor a = platform.enroll("a"), b = platform.enroll("b");
  platform.scan_images({"localhost:5000/app:1", "localhost:5000/app:2"});
  const json listing = platform.acquire(a)[0];
  REQUIRE(platform.job_call(a, listing, "inventory", page({item("app", "1", "one"), item("app", "2", "two")})).status == 200);
  const json job_a = platform.acquire(a)[0], job_b = platform.acquire(b)[0];
  CHECK(platform.job_call(a, job_a, "layers", claim_body(job_a, {"base", "one"})).body["claimed"].size() == 2);
  const json second = platform.job_call(b, job_b, "layers", claim_body(job_b, {"base", "two"})).body;
  CHECK(second["busy"] == json::array({digest("base").str()}));
  REQUIRE(second["claimed"].size() == 1);
  CHECK(second["claimed"][0] == json({{"layer", digest("two").str()}, {"analyses", {"cryptography"}}, {"facts", true}}));
  SECTION("it becomes known when the other is done") {
    REQUIRE(platform.put_layer(a, layer_report("base")).status == 204);
    CHECK(platform.job_call(b, job_b, "layers", claim_body(job_b, {"base"})).body["known"].size() == 1);
  }
  SECTION("who waits for it is told at once") {
    std::thread upload([&] { (void)platform.put_layer(a, layer_report("base")); });
    const json waited = platform.job_call(b, job_b, "layers?wait_s=20", claim_body(job_b, {"base"})).body;
    upload.join();
    CHECK(waited["known"].size() == 1);
  }
  SECTION("it is free when the other fails") {
    REQUIRE(platform.job_call(a, job_a, "fail", failure(true)).status == 200);
    CHECK(platform.job_call(b, job_b, "layers", claim_body(job_b, {"base"})).body["claimed"].size() == 1);
  }
  SECTION("it is free when the other's lease ran out") {
    platform.clock.advance(std::chrono::seconds(45));
    REQUIRE(platform.job_call(b, job_b, "layers", claim_body(job_b, {"base"})).body["busy"].size() == 1);
    platform.clock.advance(std::chrono::seconds(45));
    CHECK(platform.job_call(b, job_b, "layers", claim_body(job_b, {"base"})).body["claimed"].size() == 1);
  }
}

TEST_CASE("platform: known images are unchanged in an incremental scan, and read again in another") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/app:1"});
  const json first = list_and_acquire(platform, sensor, {item("app", "1", "image")});
  REQUIRE(platform.put_layer(sensor, layer_report("l")).status == 204);
  REQUIRE(platform.job_call(sensor, first[0], "complete", completion("image", {"l"})).status == 200);
  platform.clock.advance(std::chrono::seconds(10));

  const std::string again = platform.scan_images({"localhost:5000/app:1"});
  CHECK(list_and_acquire(platform, sensor, {item("app", "1", "image")}).empty());
  CHECK(counts(platform, again)["unchanged"] == 1);
  CHECK(state(platform, again) == "finished");

  platform.scan_images({"localhost:5000/app:1"}, false);
  const json forced = list_and_acquire(platform, sensor, {item("app", "1", "image")});
  REQUIRE(forced.size() == 1);
  CHECK(forced[0]["options"]["incremental"] == false);
  CHECK(platform.job_call(sensor, forced[0], "layers", claim_body(forced[0], {"l"})).body["known"].size() == 1);
  CHECK(platform.job_call(sensor, forced[0], "layers", claim_body(forced[0], {"l"}, true)).body["claimed"].size() == 1);
  REQUIRE(platform.put_layer(sensor, layer_report("l")).status == 204);
  CHECK(platform.job_call(sensor, forced[0], "layers", claim_body(forced[0], {"l"}, true)).body["known"].size() == 1);

  // A sensor with other detectors knows nothing of it.
  const TestSensor newer = platform.enroll("newer", "state 2");
  platform.scan_images({"localhost:5000/app:1"});
  CHECK(list_and_acquire(platform, newer, {item("app", "1", "image")}).size() == 1);
}

TEST_CASE("platform: a kill in the middle neither loses nor duplicates anything") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = platform.scan_images({"localhost:5000/app:1"});
  const json listing = platform.acquire(sensor)[0];
  platform.kill_and_restart();
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({item("app", "1", "a")}, false, "at 1")).status == 200);
  platform.kill_and_restart();
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({item("app", "1", "a"), item("app", "2", "b")})).status == 200);
  const json jobs = platform.acquire(sensor, 10);
  REQUIRE(jobs.size() == 2);
  REQUIRE(platform.put_layer(sensor, layer_report("l")).status == 204);
  platform.kill();
  platform.clock.advance(std::chrono::hours(5));  // away for long: no lease may be lost by that
  platform.start();
  for (const json& job : jobs) {
    const std::string image = job["image"]["digest"] == digest("a").str() ? "a" : "b";
    CHECK(platform.job_call(sensor, job, "complete", completion(image, {"l"})).status == 200);
    platform.kill_and_restart();
    CHECK(platform.job_call(sensor, job, "complete", completion(image, {"l"})).status == 200);
  }
  CHECK(counts(platform, scan)["scanned"] == 2);
  CHECK(counts(platform, scan)["listed"] == 2);
  CHECK(state(platform, scan) == "finished");
}

TEST_CASE("platform: a cancelled scan stops its jobs and its counts still add up") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = platform.scan_images({"localhost:5000/app:1"});
  const json jobs = list_and_acquire(platform, sensor, {item("app", "1", "a")});
  REQUIRE(platform.post("/v3/scans/" + scan + "/cancel").status == 200);
  const json beat{
      {"version", "1"},
      {"protocols", {2}},
      {"states", states_to_json(engine_at().states)},
      {"jobs",
       {{{"job_id", jobs[0]["id"]}, {"lease_token", jobs[0]["lease_token"]}, {"bytes", 1}, {"layers", 0}, {"files", 0}, {"findings", 0}}}}};
  const json answer = platform.call("POST", "/v3/sensors/me/heartbeat", beat, sensor.token).body;
  CHECK(answer["cancelled"] == json::array({jobs[0]["id"]}));
  CHECK(answer["lost"].empty());
  CHECK(platform.job_call(sensor, jobs[0], "complete", completion("a", {})).status == 409);
  CHECK(counts(platform, scan)["cancelled"] == 1);
  CHECK(platform.post("/v3/scans/" + scan + "/cancel").status == 200);
  CHECK(platform.acquire(sensor).empty());
}

TEST_CASE("platform: an image that is gone from one repository is asked for in the other that had it") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = platform.scan_images({"localhost:5000/x:1"});
  const json jobs = list_and_acquire(platform, sensor, {item("x", "1", "same"), item("y", "1", "same")});
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0]["image"]["repository"] == "x");
  REQUIRE(platform.job_call(sensor, jobs[0], "fail", failure(false, "not_found")).status == 200);
  const json other = platform.acquire(sensor);
  REQUIRE(other.size() == 1);
  CHECK(other[0]["image"]["repository"] == "y");
  REQUIRE(platform.job_call(sensor, other[0], "complete", completion("same", {})).status == 200);
  CHECK(counts(platform, scan)["gone"] == 1);
  CHECK(counts(platform, scan)["scanned"] == 1);
}

TEST_CASE("platform: scans of one priority share evenly, a higher one goes first") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string first = platform.scan_images({"localhost:5000/a:1"}), second = platform.scan_images({"localhost:5000/b:1"});
  for (const json& listing : platform.acquire(sensor, 2)) {
    std::vector<json> items;
    for (int i = 0; i < 6; ++i) items.push_back(item("app", std::to_string(i), listing["scan_id"].get<std::string>() + std::to_string(i)));
    REQUIRE(platform.job_call(sensor, listing, "inventory", page(items)).status == 200);
  }
  std::map<std::string, int> jobs_of;
  for (const json& job : platform.acquire(sensor, 4)) ++jobs_of[job["scan_id"]];
  CHECK(jobs_of[first] == 2);
  CHECK(jobs_of[second] == 2);
  const Reply urgent = platform.post(
      "/v3/scan/create", {{"sensorType", "Container"}, {"priority", "high"}, {"sensorConfig", {{"images", {"localhost:5000/c:1"}}}}});
  REQUIRE(urgent.status == 201);
  CHECK(platform.acquire(sensor)[0]["scan_id"] == urgent.body["scanId"]);
}

TEST_CASE("platform: who waits for a job gets it when it comes") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  std::string scan;
  std::thread later([&] {
    const Reply reply =
        platform.post("/v3/scan/create", {{"sensorType", "Container"}, {"sensorConfig", {{"images", {"localhost:5000/c:1"}}}}});
    scan = reply.body.value("scanId", "");
  });
  const Reply reply = platform.call("POST", "/v3/jobs/acquire", {{"capacity", 1}, {"wait_s", 50}}, sensor.token);
  later.join();
  REQUIRE(reply.status == 200);
  CHECK(reply.body["jobs"][0]["scan_id"] == scan);
}

TEST_CASE("platform: stopping answers those who wait") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  int status = 0;
  std::thread waiting([&] {
    status = parse_reply(send_raw(platform.port, "POST /v3/jobs/acquire HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + sensor.token +
                                                     "\r\nContent-Length: 14\r\n\r\n{\"wait_s\": 50}"))
                 .status;
  });
  // However this races, run() must return, and the caller must get an answer or a closed connection.
  platform.stop_gracefully();
  waiting.join();
  CHECK((status == 204 || status == 503 || status == 0));
}

}  // namespace landwaiter::test
