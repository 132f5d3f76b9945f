// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/layers.hpp"

#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::test {
namespace {

using namespace std::chrono_literals;

const std::string kImage = "localhost:5000/app:1";

/// A scan of the one image, up to its leased image job; nothing when the platform holds it for unchanged.
json lease_image(TestPlatform& platform, const TestSensor& sensor, const std::string& image = "image") {
  platform.scan_images({kImage});
  const json listing = platform.acquire(sensor).at(0);
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({item("app", "1", image)})).status == 200);
  const json jobs = platform.acquire(sensor);
  return jobs.empty() ? json() : jobs[0];
}

json claim_at(TestPlatform& platform, const TestSensor& sensor, const json& job, const EngineState& engine,
              const std::vector<std::string>& layers = {"l"}) {
  const Reply reply = platform.job_call(sensor, job, "layers", claim_body(job, layers, false, engine));
  REQUIRE(reply.status == 200);
  return reply.body;
}

json claimed(const std::string& layer, const std::vector<std::string>& analyses, bool facts) {
  return {{"layer", digest(layer).str()}, {"analyses", analyses}, {"facts", facts}};
}

/// The image is read for cryptography and secrets.
void scan_completely(TestPlatform& platform, const TestSensor& sensor, const EngineState& engine, const std::string& rules) {
  const json job = lease_image(platform, sensor);
  REQUIRE(platform.put_layer(sensor, layer_report("l")).status == 204);
  REQUIRE(platform.put_report(sensor, secrets_report("l", rules)).status == 204);
  REQUIRE(platform.job_call(sensor, job, "complete", completion("image", {"l"}, false, engine)).status == 200);
}

void beat_at(TestPlatform& platform, const TestSensor& sensor, const EngineState& engine) {
  const json body{{"version", "1"}, {"protocols", {2}}, {"states", states_to_json(engine.states)}, {"jobs", json::array()}};
  REQUIRE(platform.call("POST", "/v3/sensors/me/heartbeat", body, sensor.token).status == 200);
}

std::string first_seen(TestPlatform& platform, const std::string& id) {
  const Reply reply = platform.get("/v3/findings/" + id);
  REQUIRE(reply.status == 200);
  return reply.body["first_seen_at"];
}

}  // namespace

TEST_CASE("layers: of a layer that is known in part, only the rest is claimed") {
  TestPlatform platform;
  const EngineState both = engine_with_secrets("rules 1");
  const TestSensor sensor = platform.enroll("sensor", both.states);
  const json job = lease_image(platform, sensor);
  CHECK(claim_at(platform, sensor, job, both)["claimed"] == json::array({claimed("l", {"cryptography", "secrets"}, true)}));
  REQUIRE(platform.put_layer(sensor, layer_report("l")).status == 204);
  CHECK(claim_at(platform, sensor, job, both)["claimed"] == json::array({claimed("l", {"secrets"}, false)}));
  CHECK(claim_at(platform, sensor, job, engine_at())["known"] == json::array({digest("l").str()}));
  REQUIRE(platform.put_report(sensor, secrets_report("l", "rules 1")).status == 204);
  CHECK(claim_at(platform, sensor, job, both)["known"] == json::array({digest("l").str()}));

  EngineState walker = both;
  walker.walker = digest("another walker");
  CHECK(claim_at(platform, sensor, job, walker)["claimed"] == json::array({claimed("l", {}, true)}));
}

TEST_CASE("layers: what another sensor reads for one analysis is waited for, and what it does not read is free") {
  TestPlatform platform;
  const TestSensor a = platform.enroll("a"), b = platform.enroll("b", engine_with_secrets("rules 1").states);
  platform.scan_images({kImage});
  const json listing = platform.acquire(a)[0];
  REQUIRE(platform.job_call(a, listing, "inventory", page({item("app", "1", "one"), item("app", "2", "two")})).status == 200);
  const json job_a = platform.acquire(a)[0], job_b = platform.acquire(b)[0];
  const EngineState both = engine_with_secrets("rules 1");
  REQUIRE(claim_at(platform, a, job_a, engine_at())["claimed"].size() == 1);
  CHECK(claim_at(platform, b, job_b, both)["busy"] == json::array({digest("l").str()}));
  EngineState newer{digest("walker 2"), {{Analysis::cryptography, digest("state 2")}}};
  CHECK(claim_at(platform, b, job_b, newer)["claimed"] == json::array({claimed("l", {"cryptography"}, true)}));
  REQUIRE(platform.put_layer(a, layer_report("l")).status == 204);
  CHECK(claim_at(platform, b, job_b, both)["claimed"] == json::array({claimed("l", {"secrets"}, false)}));
}

TEST_CASE("layers: a completion needs the facts and the reports of all its analyses") {
  TestPlatform platform;
  const EngineState both = engine_with_secrets("rules 1");
  const TestSensor sensor = platform.enroll("sensor", both.states);
  const json job = lease_image(platform, sensor);
  const json body = completion("image", {"l"}, false, both);
  const auto missing = [&] {
    const Reply reply = platform.job_call(sensor, job, "complete", body);
    return reply.status == 409 ? reply.body["missing"].size() : std::size_t{0};
  };
  CHECK(missing() == 1);
  REQUIRE(platform.put_report(sensor, layer_report("l")).status == 204);
  CHECK(missing() == 1);
  REQUIRE(platform.put_report(sensor, secrets_report("l", "rules 1")).status == 204);
  CHECK(missing() == 1);
  REQUIRE(platform.put_facts(sensor, "l").status == 204);
  CHECK(platform.job_call(sensor, job, "complete", body).status == 200);
}

TEST_CASE("layers: new rules of one analysis re-read nothing for the others, and the old findings stay until the new ones come") {
  TestPlatform platform;
  const EngineState before = engine_with_secrets("rules 1"), after = engine_with_secrets("rules 2");
  const TestSensor sensor = platform.enroll("sensor", before.states);
  scan_completely(platform, sensor, before, "rules 1");
  const std::string seen = first_seen(platform, digest("shared certificate").str());
  const auto image = [&] { return platform.get("/v3/images").body["images"].at(0); };
  CHECK(image()["stale"] == json::array());
  CHECK(lease_image(platform, sensor).is_null());  // unchanged at once

  platform.clock.advance(1h);
  beat_at(platform, sensor, after);
  CHECK(image()["stale"] == json::array({"secrets"}));
  CHECK(image()["states"]["secrets"] == digest("rules 1").str());
  json report = platform.get("/v3/images/" + digest("image").str() + "/report").body;
  CHECK(report["findings"].size() == 3);
  CHECK(report["stale"] == json::array({"secrets"}));
  CHECK(platform.get("/v3/findings?q=rules%201").body["findings"].size() == 1);

  const json job = lease_image(platform, sensor);
  REQUIRE(job.is_object());
  CHECK(claim_at(platform, sensor, job, after)["claimed"] == json::array({claimed("l", {"secrets"}, false)}));
  REQUIRE(platform.put_report(sensor, secrets_report("l", "rules 2")).status == 204);
  REQUIRE(platform.job_call(sensor, job, "complete", completion("image", {"l"}, false, after)).status == 200);
  CHECK(image()["stale"] == json::array());
  CHECK(image()["states"] == states_to_json(after.states));
  report = platform.get("/v3/images/" + digest("image").str() + "/report").body;
  CHECK(report["findings"].size() == 3);
  CHECK(platform.get("/v3/findings?q=rules%201").body["findings"].empty());
  CHECK(platform.get("/v3/findings?q=rules%202").body["findings"].size() == 1);
  CHECK(first_seen(platform, digest("shared certificate").str()) == seen);
  CHECK(first_seen(platform, "secret%20of%20rules%202") > seen);
}

TEST_CASE("layers: a sensor that runs fewer analyses leaves what others found") {
  TestPlatform platform;
  const EngineState both = engine_with_secrets("rules 1");
  const TestSensor sensor = platform.enroll("sensor", both.states);
  scan_completely(platform, sensor, both, "rules 1");
  const TestSensor other = platform.enroll("other", "state 2");
  const json job = lease_image(platform, other);
  REQUIRE(platform.put_layer(other, layer_report("l", "state 2")).status == 204);
  REQUIRE(platform.job_call(other, job, "complete", completion("image", {"l"}, false, engine_at("state 2"))).status == 200);
  const json image = platform.get("/v3/images").body["images"].at(0);
  CHECK(image["states"] == json({{"cryptography", digest("state 2").str()}, {"secrets", digest("rules 1").str()}}));
  CHECK(image["stale"] == json::array());
  CHECK(platform.get("/v3/images/" + digest("image").str() + "/report").body["findings"].size() == 3);
}

}  // namespace landwaiter::test
