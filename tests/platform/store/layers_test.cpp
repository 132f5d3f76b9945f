// SPDX-License-Identifier: Apache-2.0
#include "platform/store/layers.hpp"

#include "platform/store/images.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/sensors.hpp"
#include "storage/compress.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::test {
namespace {

using namespace std::chrono_literals;
using platform::Transaction;

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

TEST_CASE("layers: pruning keeps what images show and what sensors would make now, for each analysis alone") {
  const auto database = platform_database();
  const SystemTime now = from_unix_us(1'800'000'000'000'000);
  Transaction transaction(*database, Transaction::Kind::write);
  transaction.run("INSERT INTO sensor(id,name,version,public_key,enrolled_by,created_at_us,seen_at_us) VALUES('s','s','1',?,'t',0,0)",
                  {Bytes{0}});
  platform::note_sensor(transaction, "s", "1", engine_with_secrets("rules 2").states, now);
  const auto put = [&](const LayerReport& report, SystemTime when) {
    platform::put_layer_report(transaction, report, storage::zstd_compress(dump_json(report)), when);
    platform::put_layer_facts(transaction, report.layer, engine_at().walker, {}, storage::zstd_compress("{}"), when);
  };
  const SystemTime old = now - 48h;
  put(layer_report("l"), old);
  put(secrets_report("l", "rules 1"), old);
  put(secrets_report("l", "rules 2"), old);
  put(secrets_report("shown", "rules 1"), old);
  put(layer_report("young", "state 0"), now - 1h);
  transaction.run(
      "INSERT INTO image(id,digest,reference,facts,walker,layers_fetched,layers_reused,scanned_at_us) VALUES(1,'d','r','{}',?,0,0,0)",
      {engine_at().walker});
  transaction.run("INSERT INTO image_layer SELECT 1,analysis,0,id FROM layer_report WHERE layer=?", {digest("shown")});

  const auto has = [&](const LayerReport& report) { return platform::layer_report_id(transaction, report.layer, report.of).has_value(); };
  const auto has_facts = [&](const std::string& layer) {
    return platform::has_layer_facts(transaction, digest(layer), engine_at().walker);
  };
  CHECK(platform::prune_layers(transaction, 100, now) == 1);
  CHECK(has(layer_report("l")));
  CHECK_FALSE(has(secrets_report("l", "rules 1")));
  CHECK(has(secrets_report("l", "rules 2")));
  CHECK(has(secrets_report("shown", "rules 1")));
  CHECK(has(layer_report("young", "state 0")));
  CHECK(has_facts("l"));  // its reports are of live states: without facts they would be of no use
  CHECK(has_facts("shown"));
  CHECK(has_facts("young"));
  CHECK(platform::prune_layers(transaction, 100, now) == 0);
  CHECK(platform::prune_layers(transaction, 100, now + 48h) == 2);
  CHECK_FALSE(has(layer_report("young", "state 0")));
  CHECK(transaction.commit().has_value());
}

TEST_CASE("layers: pruning keeps for no sensor that is gone, and the newest facts with the reports of a live one") {
  const auto database = platform_database();
  const SystemTime now = from_unix_us(1'800'000'000'000'000);
  Transaction transaction(*database, Transaction::Kind::write);
  const auto seen = [&](const char* id, const EngineState& engine, SystemTime when) {
    transaction.run("INSERT INTO sensor(id,name,version,public_key,enrolled_by,created_at_us,seen_at_us) VALUES(?,'s','1',?,'t',0,0)",
                    {id, Bytes{0}});
    platform::note_sensor(transaction, id, "1", engine.states, when);
  };
  seen("gone", engine_at("state 1"), now - 31 * 24h);
  seen("away", engine_at("state 2"), now - 29 * 24h);
  const SystemTime old = now - 48h;
  const auto put_facts = [&](const std::string& layer, const std::string& walker, SystemTime when) {
    platform::put_layer_facts(transaction, digest(layer), digest(walker), {}, storage::zstd_compress("{}"), when);
  };
  const auto put = [&](const LayerReport& report) {
    platform::put_layer_report(transaction, report, storage::zstd_compress(dump_json(report)), old);
  };
  put(layer_report("l", "state 1"));
  put(layer_report("l", "state 2"));
  put(layer_report("of a gone sensor", "state 1"));
  put_facts("l", "walker 1", old);
  put_facts("l", "walker 2", old + 1h);
  put_facts("of a gone sensor", "walker 1", old);

  const auto has = [&](const LayerReport& report) { return platform::layer_report_id(transaction, report.layer, report.of).has_value(); };
  const auto has_facts = [&](const std::string& layer, const std::string& walker) {
    return platform::has_layer_facts(transaction, digest(layer), digest(walker));
  };
  CHECK(platform::prune_layers(transaction, 100, now) == 4);
  CHECK_FALSE(has(layer_report("l", "state 1")));
  CHECK(has(layer_report("l", "state 2")));
  CHECK_FALSE(has(layer_report("of a gone sensor", "state 1")));
  CHECK_FALSE(has_facts("l", "walker 1"));
  CHECK(has_facts("l", "walker 2"));
  CHECK_FALSE(has_facts("of a gone sensor", "walker 1"));
  CHECK(platform::prune_layers(transaction, 100, now + 48h) == 2);  // the other is gone too by then
  CHECK_FALSE(has(layer_report("l", "state 2")));
  CHECK_FALSE(has_facts("l", "walker 2"));
  CHECK(transaction.commit().has_value());
}

}  // namespace landwaiter::test
