// SPDX-License-Identifier: Apache-2.0
// What lists of findings say, whatever order reports and scans come in.
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <chrono>

namespace landwaiter::test {
namespace {

using namespace std::chrono_literals;

/// A layer that holds one key.
LayerReport key_report(const std::string& layer, Severity severity, const std::string& state = "state 1") {
  LayerReport report;
  report.layer = digest(layer);
  report.of = {Analysis::cryptography, digest(state)};
  Finding finding;
  finding.type = FindingType::private_key;
  finding.id = digest("key").str();
  finding.severity = severity;
  finding.title = std::string(to_string(severity)) + " by " + state;
  finding.attributes = {{"encrypted", severity == Severity::low}};
  finding.occurrences.push_back({.path = "etc/" + layer + ".key", .archive = {}, .offset = 0, .layer = {}, .deleted_by = {}});
  finding.detector = "key/1";
  report.findings.push_back(std::move(finding));
  return report;
}

/// The leased job of this image, which was listed at the registry on this port.
json leased_image_job(TestPlatform& platform, const TestSensor& sensor, const std::string& image,
                      const std::string& registry = "localhost:5000") {
  platform.scan_images({registry + "/" + image + ":1"}, false);
  const json listing = platform.acquire(sensor);
  REQUIRE(listing.size() == 1);
  REQUIRE(platform.job_call(sensor, listing[0], "inventory", page({item(image, "1", image)})).status == 200);
  const json jobs = platform.acquire(sensor);
  REQUIRE(jobs.size() == 1);
  return jobs[0];
}

void complete_image_job(TestPlatform& platform, const TestSensor& sensor, const json& job, const json& body) {
  const Reply done = platform.job_call(sensor, job, "complete", body);
  INFO(done.text);
  REQUIRE(done.status == 200);
}

void scan_reports(TestPlatform& platform, const TestSensor& sensor, const std::string& image, const std::vector<LayerReport>& reports,
                  const std::string& state = "state 1") {
  const json job = leased_image_job(platform, sensor, image);
  std::vector<std::string> names;
  json layers = json::array();
  for (const LayerReport& report : reports) {
    REQUIRE(platform.put_layer(sensor, report).status == 204);
    layers.push_back(report.layer.str());
  }
  json body = completion(image, {}, false, engine_at(state));
  body["facts"]["layers"] = layers;
  complete_image_job(platform, sensor, job, body);
}

json only_finding(TestPlatform& platform, const std::string& query = "") {
  const json findings = platform.get("/v3/findings?" + query).body["findings"];
  REQUIRE(findings.size() == 1);
  return findings[0];
}

}  // namespace

TEST_CASE("findings: the worst of equal assets speaks for all, in either order, and only as long as an image shows it") {
  for (const bool worse_first : {true, false}) {
    TestPlatform platform;
    const TestSensor sensor = platform.enroll();
    const Severity first = worse_first ? Severity::high : Severity::low;
    const Severity second = worse_first ? Severity::low : Severity::high;
    const auto is_high = [&] {
      const json finding = only_finding(platform);
      CHECK(finding["title"] == "high by state 1");
      CHECK(finding["attributes"]["encrypted"] == false);
      CHECK(platform.get("/v3/findings?severity=low").body["findings"].empty());
      CHECK(platform.get("/v3/findings/" + digest("key").str()).body["severity"] == "high");
      return finding["severity"] == "high";
    };
    scan_reports(platform, sensor, "one", {key_report("one", first)});
    CHECK(only_finding(platform)["severity"] == to_string(first));
    scan_reports(platform, sensor, "two", {key_report("two", second)});
    CHECK(is_high());
    CHECK(only_finding(platform)["images"] == 2);
    // The image with the worse key is built again without it.
    scan_reports(platform, sensor, worse_first ? "one" : "two", {layer_report("harmless")});
    const json left = only_finding(platform, "type=private-key");
    CHECK(left["severity"] == "low");
    CHECK(left["title"] == "low by state 1");
    CHECK(left["images"] == 1);
    CHECK(platform.get("/v3/findings?severity=high").body["findings"].empty());
    scan_reports(platform, sensor, worse_first ? "two" : "one", {layer_report("harmless")});
    CHECK(platform.get("/v3/findings?type=private-key").body["findings"].empty());
    scan_reports(platform, sensor, "three", {key_report("one", first)});
    CHECK(only_finding(platform, "type=private-key")["severity"] == to_string(first));
  }
}

TEST_CASE("findings: a report that no image shows says nothing") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  scan_reports(platform, sensor, "image", {key_report("low", Severity::low)});
  REQUIRE(platform.put_layer(sensor, key_report("of no image", Severity::critical)).status == 204);
  CHECK(only_finding(platform)["severity"] == "low");
}

TEST_CASE("findings: a report is replaced only by the sensor whose job has claimed the layer") {
  TestPlatform platform;
  const TestSensor owner = platform.enroll("owner"), other = platform.enroll("other");
  scan_reports(platform, owner, "image", {key_report("l", Severity::high)});
  LayerReport empty = key_report("l", Severity::high);
  empty.findings.clear();
  const Reply refused = platform.put_report(other, empty);
  CHECK(refused.status == 409);
  CHECK(refused.body["detail"].get<std::string>().find("other content") != std::string::npos);
  CHECK(platform.put_report(other, key_report("l", Severity::high)).status == 204);  // the same again
  CHECK(only_finding(platform)["severity"] == "high");

  platform.clock.advance(1s);  // a scan that is not incremental reads again what is older than the scan
  const json job = leased_image_job(platform, owner, "image");
  REQUIRE(platform.job_call(owner, job, "layers", claim_body(job, {"l"}, true)).body["claimed"].size() == 1);
  CHECK(platform.put_report(other, empty).status == 409);
  REQUIRE(platform.put_report(owner, key_report("l", Severity::medium)).status == 204);
  CHECK(platform.put_report(owner, empty).status == 409);  // the claim ended with the report
  complete_image_job(platform, owner, job, completion("image", {"l"}));
  CHECK(only_finding(platform)["severity"] == "medium");

  const auto database = platform.connect();
  storage::Transaction read(*database, storage::Transaction::Kind::read);
  CHECK(read.number("SELECT count(*) FROM layer_report WHERE sensor_id=?", {owner.id}) == 2);
}

TEST_CASE("findings: a layer that another sensor reads now takes nobody else's report") {
  TestPlatform platform;
  const TestSensor reader = platform.enroll("reader"), other = platform.enroll("other");
  const json job = leased_image_job(platform, reader, "image");
  REQUIRE(platform.job_call(reader, job, "layers", claim_body(job, {"l"})).body["claimed"].size() == 1);
  CHECK(platform.put_report(other, key_report("l", Severity::low)).status == 409);
  CHECK(platform.put_layer(reader, key_report("l", Severity::high)).status == 204);
  platform.clock.advance(10min);  // the lease is over, and with it the claim
  CHECK(platform.put_report(other, key_report("another", Severity::low)).status == 204);
}

TEST_CASE("findings: an older state does not take back what a newer one found, as long as sensors have the newer") {
  TestPlatform platform;
  const TestSensor older = platform.enroll("older", "state 1");
  scan_reports(platform, older, "image", {key_report("l", Severity::low, "state 1")}, "state 1");
  const TestSensor newer = platform.enroll("newer", "state 2");
  scan_reports(platform, newer, "image", {key_report("l", Severity::high, "state 2")}, "state 2");
  const auto state = [&] { return platform.get("/v3/images").body["images"][0]["states"]["cryptography"].get<std::string>(); };
  CHECK(state() == digest("state 2").str());
  scan_reports(platform, older, "image", {key_report("l", Severity::low, "state 1")}, "state 1");
  CHECK(state() == digest("state 2").str());
  CHECK(only_finding(platform)["severity"] == "high");
  CHECK(only_finding(platform)["title"] == "high by state 2");

  // A scan of what changed has nothing to do for the older sensor.
  platform.scan_images({"localhost:5000/image:1"});
  const json listing = platform.acquire(older)[0];
  REQUIRE(platform.job_call(older, listing, "inventory", page({item("image", "1", "image")})).status == 200);
  CHECK(platform.acquire(older).empty());

  // The fleet went back.
  platform.clock.advance(25h);
  const json beat{{"version", "1"}, {"protocols", {2}}, {"states", states_to_json(engine_at("state 1").states)}, {"jobs", json::array()}};
  REQUIRE(platform.call("POST", "/v3/sensors/me/heartbeat", beat, older.token).status == 200);
  scan_reports(platform, older, "image", {key_report("l", Severity::low, "state 1")}, "state 1");
  CHECK(state() == digest("state 1").str());
  CHECK(only_finding(platform)["severity"] == "low");
}

TEST_CASE("findings: of a private and a public key with one id the worse is shown, and the type tells them apart") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  LayerReport report = key_report("l", Severity::high);
  Finding public_key = report.findings[0];
  public_key.type = FindingType::public_key;
  public_key.severity = Severity::info;
  report.findings.insert(report.findings.begin(), std::move(public_key));
  scan_reports(platform, sensor, "image", {report});
  const std::string path = "/v3/findings/" + digest("key").str();
  CHECK(platform.get(path).body["type"] == "private-key");
  CHECK(platform.get(path + "?type=public-key").body["type"] == "public-key");
  CHECK(platform.get(path + "?type=token").status == 404);
}

TEST_CASE("findings: those of a registry, and a page token is good for its filters only") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string registry = platform.post("/v3/registries", {{"name", "r"}, {"endpoint", "localhost:5001"}}).body["id"];
  scan_reports(platform, sensor, "elsewhere", {layer_report("a"), layer_report("b")});
  CHECK(platform.get("/v3/findings?registry=" + registry).body["findings"].empty());
  REQUIRE(platform.post("/v3/registries/" + registry + "/scan").status == 201);
  const json listing = platform.acquire(sensor)[0];
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({item("app", "1", "here"), item("app", "2", "elsewhere")})).status == 200);
  const json job = platform.acquire(sensor)[0];  // "elsewhere" is unchanged
  REQUIRE(platform.put_layer(sensor, key_report("c", Severity::high)).status == 204);
  complete_image_job(platform, sensor, job, completion("here", {"c"}));
  CHECK(platform.get("/v3/findings?registry=" + registry).body["findings"].size() == 4);
  CHECK(platform.get("/v3/findings?registry=none").body["findings"].empty());

  const std::string token = platform.get("/v3/findings?page_size=1").body["next_page_token"];
  REQUIRE_FALSE(token.empty());
  CHECK(platform.get("/v3/findings?page_size=2&page_token=" + token).body["findings"].size() == 2);
  for (const char* other : {"/v3/findings?severity=low", "/v3/findings?q=a", "/v3/images?", "/v3/scans?"}) {
    INFO(other);
    const Reply reply = platform.get(other + ("&page_token=" + token));
    CHECK(reply.status == 400);
    CHECK(reply.text.find("leave it out") != std::string::npos);
  }
}

TEST_CASE("findings: one in more images than a page composes is shown page by page") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  for (int i = 0; i < 12; ++i) scan_reports(platform, sensor, "image" + std::to_string(i), {key_report("l", Severity::high)});
  CHECK(only_finding(platform)["images"] == 12);
  CHECK(only_finding(platform)["occurrences"] == 1);
  CHECK(only_finding(platform)["counts_at_least"] == false);
  CHECK(only_finding(platform)["place"] == "etc/l.key");
  const std::string path = "/v3/findings/" + digest("key").str() + "?page_size=50";
  const json first = platform.get(path).body;
  CHECK(first["occurrences"].size() == 10);
  const json second = platform.get(path + "&page_token=" + first["next_page_token"].get<std::string>()).body;
  CHECK(second["occurrences"].size() == 2);
  CHECK(second["next_page_token"] == "");
}

TEST_CASE("findings: texts of a sensor that no index can hold are refused") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const auto listed = [&](const char* field, std::size_t size) {
    platform.scan_images({"localhost:5000/app:1"}, false);
    const json listing = platform.acquire(sensor)[0];
    json one = item("app", "1", "image", "failed");
    one[field] = std::string(size, 'a');
    const Reply reply = platform.job_call(sensor, listing, "inventory", page({one}));
    if (reply.status != 200) {
      CHECK(reply.text.find(field) != std::string::npos);
      REQUIRE(platform.job_call(sensor, listing, "inventory", page({})).status == 200);
    }
    return reply.status;
  };
  CHECK(listed("repository", 255) == 200);
  CHECK(listed("repository", 256) == 400);
  CHECK(listed("tag", 128) == 200);
  CHECK(listed("tag", 129) == 400);
  for (const char* field : {"media_type", "platform", "created", "pushed", "code"}) CHECK(listed(field, 1000) == 400);
  CHECK(listed("reason", 100'000) == 200);

  LayerReport report = key_report("l", Severity::low);
  report.findings[0].id = std::string(257, 'a');
  CHECK(platform.put_layer(sensor, report).status == 400);
  report.findings[0].id.pop_back();
  report.findings[0].title = std::string(100'000, 't');
  report.findings[0].occurrences[0].path = std::string(4096, 'p');
  CHECK(platform.put_layer(sensor, report).status == 204);
  const json job = leased_image_job(platform, sensor, "image");
  json body = completion("image", {"l"});
  body["facts"]["reference"] = std::string(2000, 'r');
  CHECK(platform.job_call(sensor, job, "complete", body).status == 400);
  body["facts"]["reference"] = "localhost:5000/image";
  complete_image_job(platform, sensor, job, body);
  const json finding = only_finding(platform);
  CHECK(finding["title"].get<std::string>().size() == 1000);
  CHECK(finding["place"].get<std::string>().size() == 512);
}

}  // namespace landwaiter::test
