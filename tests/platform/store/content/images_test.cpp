// SPDX-License-Identifier: Apache-2.0
// Findings in an image's own documents, which no layer report holds.
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::test {
namespace {

const std::string kPlace = "env[3] (TLS_KEY)";

/// A key in the image's config, and in its manifest too when `twice`.
Finding key_in_documents(bool twice = false) {
  Finding finding;
  finding.type = FindingType::private_key;
  finding.id = digest("key").str();
  finding.severity = Severity::high;
  finding.title = "a key";
  finding.detector = "key/1";
  finding.occurrences = {{kPlace, {}, 8, {}, std::nullopt, Where::config}};
  if (twice) finding.occurrences.push_back({"annotations.key", {}, 0, {}, std::nullopt, Where::manifest});
  return finding;
}

/// Scans an image of the one layer "base" whose own documents hold these findings.
void scan(TestPlatform& platform, const TestSensor& sensor, const std::string& image, const std::vector<Finding>& findings) {
  platform.scan_images({"localhost:5000/" + image + ":1"}, false);
  const json listing = platform.acquire(sensor);
  REQUIRE(listing.size() == 1);
  REQUIRE(platform.job_call(sensor, listing[0], "inventory", page({item(image, "1", image)})).status == 200);
  const json jobs = platform.acquire(sensor);
  REQUIRE(jobs.size() == 1);
  REQUIRE(platform.put_layer(sensor, layer_report("base")).status == 204);
  json body = completion(image, {"base"});
  body["facts"]["findings"] = findings;
  const Reply done = platform.job_call(sensor, jobs[0], "complete", body);
  INFO(done.text);
  REQUIRE(done.status == 200);
}

json places_of_key(TestPlatform& platform) { return platform.get("/v3/findings/" + digest("key").str()).body["occurrences"]; }

}  // namespace

TEST_CASE("images: what lies in an image's own documents is listed, reported and exported") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  scan(platform, sensor, "image", {key_in_documents(true)});

  const json findings = platform.get("/v3/findings").body["findings"];
  REQUIRE(findings.size() == 3);
  CHECK(findings[0]["id"] == digest("key").str());
  CHECK(findings[0]["images"] == 1);
  CHECK(findings[0]["occurrences"] == 2);
  CHECK(platform.get("/v3/findings?type=private-key&image=" + digest("image").str()).body["findings"].size() == 1);
  CHECK(platform.get("/v3/findings?type=private-key&image=" + digest("other").str()).body["findings"].empty());
  CHECK(platform.get("/v3/images").body["images"][0]["findings"] == 3);

  const json places = places_of_key(platform);
  REQUIRE(places.size() == 2);
  CHECK(places[0]["config"] == kPlace);
  CHECK(places[0]["image"] == digest("image").str());
  CHECK_FALSE(places[0].contains("path"));
  CHECK(places[1]["manifest"] == "annotations.key");

  const std::string base = "/v3/images/" + digest("image").str();
  const json report = platform.get(base + "/report").body;
  REQUIRE(report["findings"].size() == 3);
  CHECK(report["findings"][0]["occurrences"][0] == json{{"config", kPlace}, {"offset", 8}});
  CHECK(platform.get(base + "/export?format=csv").text.find(",config env[3] (TLS_KEY),") != std::string::npos);
  CHECK(platform.get(base + "/export?format=sarif").text.find("\"config env[3] (TLS_KEY)\"") != std::string::npos);
  CHECK(platform.get(base + "/export").text.find("\"config env[3] (TLS_KEY)\"") != std::string::npos);
}

TEST_CASE("images: one that was not searched completely says so, and can be listed") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const auto scanned = [&](const std::string& name, const std::string& effect_of_report, const std::string& effect_of_image) {
    platform.scan_images({"localhost:5000/" + name + ":1"}, false);
    const json listing = platform.acquire(sensor);
    REQUIRE(listing.size() == 1);
    REQUIRE(platform.job_call(sensor, listing[0], "inventory", page({item(name, "1", name)})).status == 200);
    const json jobs = platform.acquire(sensor);
    REQUIRE(jobs.size() == 1);
    LayerReport report = layer_report(name);
    report.diagnostics.clear();
    json diagnostic = Diagnostic{};
    if (!effect_of_report.empty()) {
      report.diagnostics.push_back(
          {.message = "a file", .path = "a", .archive = {}, .layer = {}, .effect = *effect_from(effect_of_report)});
    }
    REQUIRE(platform.put_layer(sensor, report).status == 204);
    json body = completion(name, {name, name});
    diagnostic["message"] = "an image";
    diagnostic["effect"] = effect_of_image;
    if (!effect_of_image.empty()) body["facts"]["diagnostics"] = json::array({diagnostic});
    const Reply done = platform.job_call(sensor, jobs[0], "complete", body);
    INFO(done.text);
    REQUIRE(done.status == 200);
  };
  scanned("whole", "", "note");
  scanned("file", "not_opened", "");
  scanned("layer", "incomplete", "not_opened");
  scanned("image", "", "incomplete");
  const auto listed = [&](const std::string& coverage) {
    std::vector<std::string> names;
    const json page = platform.get("/v3/images?coverage=" + coverage).body;
    for (const json& image : page["images"]) {
      CHECK((coverage.empty() || image["coverage"]["state"] == coverage));
      const json report = platform.get("/v3/images/" + image["digest"].get<std::string>() + "/report").body;
      CHECK(report["coverage"] == image["coverage"]);
      names.push_back(image["reference"]);
    }
    return names;
  };
  CHECK(listed("").size() == 4);
  CHECK(listed("complete").size() == 1);
  CHECK(listed("not_opened").size() == 1);
  CHECK(listed("incomplete").size() == 2);
  CHECK(platform.get("/v3/images?coverage=whole").status == 400);
  const json layer = platform.get("/v3/images?q=" + digest("layer").str()).body["images"][0]["coverage"];
  CHECK(layer == json{{"state", "incomplete"}, {"not_opened", 1}, {"incomplete", 1}});
}

TEST_CASE("images: an asset in a layer and in a config is one finding, counted once for each image") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  Finding shared = layer_report("base").findings[0];
  shared.occurrences = key_in_documents().occurrences;
  scan(platform, sensor, "one", {shared});
  scan(platform, sensor, "two", {});
  const json findings = platform.get("/v3/findings?q=shared").body["findings"];
  REQUIRE(findings.size() == 1);
  CHECK(findings[0]["images"] == 2);
  CHECK(findings[0]["occurrences"] == 2);  // one in the layer, one in a config
  const json images = platform.get("/v3/images").body["images"];
  REQUIRE_FALSE(images.empty());
  for (const json& image : images) CHECK(image["findings"] == 2);
  const json one = platform.get("/v3/images/" + digest("one").str() + "/report").body["findings"];
  const json two = platform.get("/v3/images/" + digest("two").str() + "/report").body["findings"];
  REQUIRE(one.size() == 2);
  REQUIRE(two.size() == 2);
  std::size_t places = 0;
  for (const json& finding : one) places += finding["occurrences"].size();
  for (const json& finding : two) places += finding["occurrences"].size();
  CHECK(places == 5);
}

TEST_CASE("images: a later scan takes the place of an earlier one") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  scan(platform, sensor, "image", {key_in_documents(true)});
  scan(platform, sensor, "image", {key_in_documents()});
  CHECK(places_of_key(platform).size() == 1);
  scan(platform, sensor, "image", {});
  CHECK(places_of_key(platform).empty());
  CHECK(platform.get("/v3/findings?type=private-key").body["findings"].empty());
  CHECK(platform.get("/v3/findings").body["findings"].size() == 2);
}

TEST_CASE("images: an unchanged image is stored again when other analyzers looked at it") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  scan(platform, sensor, "image", {});
  const auto unchanged = [&](const std::string& analyzers) {
    platform.scan_images({"localhost:5000/image:1"}, false);
    const json listing = platform.acquire(sensor);
    REQUIRE(platform.job_call(sensor, listing[0], "inventory", page({item("image", "1", "image")})).status == 200);
    const json job = platform.acquire(sensor)[0];
    json body = completion("image", {"base"}, true);
    body["facts"]["documents_state"] = analyzers.empty() ? "" : digest(analyzers).str();
    body["facts"]["findings"] = json::array({key_in_documents()});
    REQUIRE(platform.job_call(sensor, job, "complete", body).status == 200);
  };
  unchanged("");
  CHECK(platform.get("/v3/findings?type=private-key").body["findings"].empty());
  unchanged("newer");
  CHECK(places_of_key(platform).size() == 1);
}

TEST_CASE("images: a sensor that looks at documents otherwise gets the known image's job, an incremental scan too") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  scan(platform, sensor, "image", {});
  const auto jobs_of_scan = [&](const std::string& documents_state) {
    const json beat{{"version", "1"},
                    {"protocols", {2}},
                    {"states", states_to_json(engine_at().states)},
                    {"documents_state", documents_state},
                    {"jobs", json::array()}};
    REQUIRE(platform.call("POST", "/v3/sensors/me/heartbeat", beat, sensor.token).status == 200);
    platform.scan_images({"localhost:5000/image:1"});
    const json listing = platform.acquire(sensor);
    REQUIRE(platform.job_call(sensor, listing[0], "inventory", page({item("image", "1", "image")})).status == 200);
    return platform.acquire(sensor).size();
  };
  CHECK(jobs_of_scan("") == 0);
  CHECK(jobs_of_scan(digest("newer").str()) == 1);
}

TEST_CASE("images: facts of an older sensor have no findings, and what makes no sense is refused") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/image:1"});
  const json listing = platform.acquire(sensor);
  REQUIRE(platform.job_call(sensor, listing[0], "inventory", page({item("image", "1", "image")})).status == 200);
  const json job = platform.acquire(sensor)[0];
  json body = completion("image", {});
  body["facts"]["findings"] = json::array({key_in_documents()});
  body["facts"]["findings"][0]["occurrences"][0] = {{"offset", 0}};
  CHECK(platform.job_call(sensor, job, "complete", body).status == 400);
  body["facts"].erase("findings");
  body["facts"].erase("documents_state");
  CHECK(platform.job_call(sensor, job, "complete", body).status == 200);
  CHECK(platform.get("/v3/images/" + digest("image").str() + "/report").body["findings"].empty());
}

TEST_CASE("images: a file of a layer counts once, however many sensors read it at states of their own") {
  TestPlatform platform;
  const TestSensor one = platform.enroll("one");
  scan(platform, one, "first", {});
  const auto occurrences = [&] {
    json counts = json::object();
    const json findings = platform.get("/v3/findings").body["findings"];
    for (const json& finding : findings) counts[finding["id"].get<std::string>()] = finding["occurrences"];
    return counts;
  };
  const json before = occurrences();
  REQUIRE_FALSE(before.empty());
  const TestSensor two = platform.enroll("two", "state 2");
  platform.scan_images({"localhost:5000/second:1"}, false);
  const json listing = platform.acquire(two);
  REQUIRE(platform.job_call(two, listing[0], "inventory", page({item("second", "1", "second")})).status == 200);
  const json job = platform.acquire(two)[0];
  REQUIRE(platform.put_layer(two, layer_report("base", "state 2")).status == 204);
  REQUIRE(platform.job_call(two, job, "complete", completion("second", {"base"}, false, engine_at("state 2"))).status == 200);
  CHECK(occurrences() == before);
}

}  // namespace landwaiter::test
