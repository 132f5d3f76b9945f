// SPDX-License-Identifier: Apache-2.0
// Wrong, hostile and unauthorized requests.
#include "platform/api/routes.hpp"
#include "storage/compress.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <set>

namespace landwaiter::test {
namespace {

json scan_body(const json& images) { return {{"sensorType", "Container"}, {"sensorConfig", {{"images", images}}}}; }

}  // namespace

TEST_CASE("api: the vendor's request is taken, and its mistakes are named") {
  TestPlatform platform;
  const json good{
      {"sensorName", "n"},
      {"sensorType", "Container"},
      {"sensorConfig",
       {{"username", "u"}, {"password", "p"}, {"images", {"docker://docker.io/library/alpine:latest", "myregistry.io/myimage:v1.0"}}}},
      {"callbackId", "c"},
      {"labels", {{{"team", "a"}}}},
      {"priority", "high"},
      {"incrementalScan", true},
      {"autoResolutionInterval", 5}};
  const Reply created = platform.post("/v3/scan/create", good);
  REQUIRE(created.status == 201);
  const json scan = platform.get("/v3/scans/" + created.body["scanId"].get<std::string>()).body;
  CHECK(scan["labels"] == good["labels"]);
  CHECK(scan["priority"] == 10);
  CHECK(scan["jobs"]["queued"] == 2);  // a listing for each registry

  for (const json& none : {json::array(), json()}) {
    const Reply reply = platform.post("/v3/scan/create", scan_body(none));
    CHECK(reply.status == 400);
    CHECK(reply.body["detail"] == "no container images were stated");
    CHECK(reply.headers.at("content-type") == "application/problem+json");
  }
  json bad = good;
  bad["sensorType"] = "Network";
  CHECK(platform.post("/v3/scan/create", bad).status == 400);
  const std::vector<json> wrong{{{"priority", "soon"}},
                                {{"priority", 1e9}},
                                {{"labels", "x"}},
                                {{"labels", {1}}},
                                {{"incrementalScan", 1}},
                                {{"autoResolutionInterval", -1}},
                                {{"sensorConfig", 5}},
                                {{"sensorConfig", {{"images", "x"}}}},
                                {{"sensorConfig", {{"images", {1}}}}},
                                {{"sensorConfig", {{"images", {"localhost:5000/UPPER:1"}}}}},
                                {{"sensorConfig", {{"images", {"a"}}, {"password", 1}}}}};
  for (const json& patch : wrong) {
    json body = good;
    body.update(patch);
    INFO(dump_json(patch));
    CHECK(platform.post("/v3/scan/create", body).status == 400);
  }
  CHECK(platform.get("/v3/scans").body["scans"].size() == 1);
}

TEST_CASE("api: each kind of token opens its own doors only") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string enrollment = platform.new_token("enrollment"), long_lived = platform.new_token("sensor");
  struct Door {
    const char* method;
    const char* path;
    std::string key;
  };
  const std::vector<Door> doors{{"GET", "/v3/scans", platform.api_token}, {"POST", "/v3/jobs/acquire", sensor.token}};
  for (const Door& door : doors) {
    for (const std::string& token : {platform.api_token, sensor.token, enrollment, long_lived, std::string("lwa_wrong"), std::string()}) {
      const Reply reply = platform.call(door.method, door.path, door.method == std::string("POST") ? json::object() : json(), token);
      INFO(door.path << " " << reply.text);
      if (token == door.key) {
        CHECK(reply.status < 300);
      } else {
        CHECK(reply.status == (token.empty() || token == "lwa_wrong" ? 401 : 403));
      }
    }
  }
  CHECK(platform.call("POST", "/v3/sensors/enroll", json::object(), platform.api_token).status == 403);
  CHECK(platform.call("POST", "/v3/sensors/enroll", json::object(), sensor.token).status == 403);
}

TEST_CASE("api: what each kind of token is refused, for every route") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string enrollment = platform.new_token("enrollment"), long_lived = platform.new_token("sensor");
  std::size_t refused = 0, open = 0;
  for (const platform::Route& route : platform::all_routes()) {
    std::string path = route.path;
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) path.replace(at, path.find('}') - at + 1, "x");
    const bool of_sensors = path.starts_with("/v3/jobs/") || path == "/v3/sensors/me/heartbeat" || route.method == "PUT";
    const bool of_enrollment = path == "/v3/sensors/enroll";
    const bool of_nobody = path == "/livez" || path == "/readyz" || path == "/v3/openapi.json";
    const auto status = [&](const std::string& token) { return platform.call(route.method, path, nullptr, token).status; };
    const auto check = [&](const std::string& token, bool allowed) {
      const int got = status(token);
      INFO(route.method << " " << path << " " << token.substr(0, 4) << " " << got);
      CHECK((got == 403) == !allowed);
      CHECK(got != 401);
      refused += allowed ? 0 : 1;
    };
    CHECK((status("") == 401) == !of_nobody);
    CHECK((status("lwa_wrong") == 401) == !of_nobody);
    check(platform.api_token, of_nobody || !(of_sensors || of_enrollment));
    check(sensor.token, of_nobody || of_sensors);
    check(long_lived, of_nobody || of_enrollment);
    check(enrollment, of_nobody || of_enrollment);
    open += of_nobody ? 1 : 0;
  }
  CHECK(open == 3);
  CHECK(refused > 60);
}

TEST_CASE("api: a sensor gets jobs of the kinds that it asks for") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/app:1"});
  const auto ask = [&](const json& kinds) {
    json body{{"capacity", 10}};
    if (!kinds.is_null()) body["kinds"] = kinds;
    return platform.call("POST", "/v3/jobs/acquire", body, sensor.token);
  };
  CHECK(ask({"image"}).status == 204);
  CHECK(ask({"check", "dance"}).status == 204);  // of a newer sensor
  CHECK(ask({1}).status == 400);
  const Reply listing = ask({"image", "list", "check"});
  REQUIRE(listing.status == 200);
  REQUIRE(listing.body["jobs"].size() == 1);
  CHECK(listing.body["jobs"][0]["kind"] == "list");
  REQUIRE(platform.job_call(sensor, listing.body["jobs"][0], "inventory", page({item("app", "1", "image")})).status == 200);
  CHECK(ask({"list"}).status == 204);
  // A sensor of before kinds were named does what there was then.
  const Reply image = ask(nullptr);
  REQUIRE(image.status == 200);
  CHECK(image.body["jobs"][0]["kind"] == "image");
}

TEST_CASE("api: an enrollment token is good once and for its time; a long-lived sensor token again and again") {
  TestPlatform platform;
  const TestSensor known = platform.enroll();
  const json enrollment{{"name", "n"}, {"version", "1"}, {"protocols", {2}}, {"public_key", "not base64!"}};
  const std::string token = platform.new_token("enrollment");
  CHECK(platform.call("POST", "/v3/sensors/enroll", enrollment, token).status == 400);
  json good = enrollment;
  good["public_key"] = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
  CHECK(platform.call("POST", "/v3/sensors/enroll", good, token).status == 201);  // the failed try did not use it up
  CHECK(platform.call("POST", "/v3/sensors/enroll", good, token).status == 401);
  const std::string late = platform.new_token("enrollment");
  platform.clock.advance(std::chrono::hours(2));
  CHECK(platform.call("POST", "/v3/sensors/enroll", good, late).status == 401);

  const std::string long_lived = platform.new_token("sensor");
  const Reply first = platform.call("POST", "/v3/sensors/enroll", good, long_lived);
  const Reply second = platform.call("POST", "/v3/sensors/enroll", good, long_lived);
  REQUIRE(first.status == 201);
  REQUIRE(second.status == 201);
  CHECK(first.body["sensor_id"] == second.body["sensor_id"]);
  CHECK(platform.call("POST", "/v3/jobs/acquire", json::object(), first.body["token"]).status == 401);  // replaced
  CHECK(platform.call("POST", "/v3/jobs/acquire", json::object(), second.body["token"]).status == 204);
}

TEST_CASE("api: a revoked token ends at once") {
  TestPlatform platform;
  const Reply made = platform.post("/v3/tokens", {{"kind", "api"}, {"name", "x"}});
  REQUIRE(made.status == 201);
  const std::string token = made.body["token"], path = "/v3/tokens/" + made.body["id"].get<std::string>();
  CHECK(platform.call("GET", "/v3/tokens", nullptr, token).status == 200);
  CHECK(platform.get("/v3/tokens").text.find(token) == std::string::npos);
  CHECK(platform.call("DELETE", path, nullptr, platform.api_token).status == 204);
  CHECK(platform.call("DELETE", path, nullptr, platform.api_token).status == 404);
  CHECK(platform.call("GET", "/v3/tokens", nullptr, token).status == 401);
  for (const json& bad : {json{{"kind", "root"}}, json::object(), json{{"kind", "api"}, {"expires_in_s", 0}},
                          json{{"kind", "api"}, {"expires_in_s", INT64_MAX}}}) {
    CHECK(platform.post("/v3/tokens", bad).status == 400);
  }
}

TEST_CASE("api: bodies that are broken, too deep, too big or of wrong types get a 4xx and change nothing") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/app:1"});
  const json job = platform.acquire(sensor)[0];
  const std::string base = "/v3/jobs/" + job["id"].get<std::string>();
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const std::string layer = "/v3/layers/" + digest("l").str();
  const Headers lease{{"Landwaiter-Lease", job["lease_token"]}};
  const std::vector<std::pair<std::string, std::string>> targets{{"POST", base + "/inventory"},
                                                                 {"POST", base + "/layers"},
                                                                 {"POST", base + "/fail"},
                                                                 {"PUT", layer + "/facts/" + digest("w").str()},
                                                                 {"PUT", layer + "/reports/secrets/" + digest("s").str()},
                                                                 {"POST", "/v3/jobs/acquire"},
                                                                 {"POST", "/v3/sensors/me/heartbeat"}};
  for (const auto& [method, path] : targets) {
    for (const std::string& body :
         {std::string("{"), deep, std::string("[1,2]"), std::string("{\"items\": 5, \"layers\": {}, \"capacity\": \"x\", \"jobs\": 1}"),
          std::string("\xff\xfe"), std::string("nul")}) {
      const Reply reply = platform.call_text(method, path, body, sensor.token, lease);
      INFO(path << " " << body.substr(0, 60) << " " << reply.text);
      if (path == "/v3/jobs/acquire" && body == "[1,2]") continue;
      CHECK(reply.status >= 400);
      CHECK(reply.status < 500);
      CHECK(reply.headers.at("content-type") == "application/problem+json");
    }
  }
  std::vector<json> many(1001, item("app", "1", "x"));
  CHECK(platform.job_call(sensor, job, "inventory", page(many)).status == 413);
  CHECK(platform.job_call(sensor, job, "inventory", page({item("app", "1", "x", "nonsense")})).status == 400);
  CHECK(platform.job_call(sensor, job, "inventory", page({item("app", "1", "", "image")})).status == 400);
  CHECK(platform.call_text("POST", base + "/fail", std::string(2'000'000, ' '), sensor.token, lease).status == 413);
  CHECK(platform.get("/v3/scans/" + job["scan_id"].get<std::string>()).body["counts"]["listed"] == 0);
}

TEST_CASE("api: a compressed report is taken, a bomb and an unknown coding are not") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const LayerReport report = layer_report("l");
  const std::string path = report_path(report);
  const auto put = [&](const Bytes& body, const std::string& coding) {
    return platform.call_text("PUT", path, std::string(as_text(body)), sensor.token, {{"Content-Encoding", coding}}).status;
  };
  CHECK(put(storage::zstd_compress(dump_json(report)), "br") == 415);
  CHECK(put({1, 2, 3}, "zstd") == 400);
  CHECK(put(storage::zstd_compress(std::string(300'000'000, ' '), 1), "zstd") == 413);
  // A good report, smaller than the largest may be, but far larger than what was sent.
  CHECK(put(storage::zstd_compress(dump_json(report) + std::string(20'000'000, ' '), 1), "zstd") == 413);
  CHECK(platform.call("GET", path, nullptr, platform.api_token).status == 404);
  CHECK(put(storage::zstd_compress(dump_json(report) + std::string(500'000, ' '), 1), "zstd") == 204);
  CHECK(put(storage::zstd_compress(dump_json(report)), "zstd") == 204);
  CHECK(platform.call("GET", path, nullptr, platform.api_token).body == json(report));
  CHECK(platform.call("GET", path, nullptr, sensor.token).status == 403);  // it could try words against all keyed ids
  // Under another address it would lie.
  for (const std::string& other : {report_path(layer_report("other")), report_path(layer_report("l", "another state")),
                                   "/v3/layers/" + report.layer.str() + "/reports/secrets/" + report.of.state.str(),
                                   "/v3/layers/" + report.layer.str() + "/reports/astrology/" + report.of.state.str()}) {
    INFO(other);
    CHECK(platform.call("PUT", other, report, sensor.token).status == 400);
  }
}

TEST_CASE("api: what a sensor sends cannot control who reads it") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll("a\x1b[2Jb\xc2\x9b");
  const std::string sensors = platform.get("/v3/sensors").body.dump();
  CHECK(sensors.find("a\\\\x1b[2Jb\\\\xc2\\\\x9b") != std::string::npos);
  LayerReport report = layer_report("l");
  report.findings[0].title = "plain \\x41 text, \xc3\xa4";
  const json honest = report;
  REQUIRE(platform.call("PUT", report_path(report), honest, sensor.token).status == 204);
  CHECK(platform.get(report_path(report)).body == honest);
  report = layer_report("m");
  report.findings[0].title = "title\x1b]0;x\x07\r\n";
  report.findings[0].attributes["na\x07me"] = {{"in\tner", "va\x7flue"}};
  REQUIRE(platform.call("PUT", report_path(report), report, sensor.token).status == 204);
  const json stored = platform.get(report_path(report)).body["findings"][0];
  CHECK(stored["title"] == "title\\x1b]0;x\\x07\\x0d\\x0a");
  CHECK(stored["attributes"]["na\\x07me"]["in\\x09ner"] == "va\\x7flue");
  CHECK_FALSE(stored["attributes"].contains("na\x07me"));
}

TEST_CASE("api: a layer's facts are stored and given back, under their own address only") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string path = "/v3/layers/" + digest("l").str() + "/facts/";
  const std::string walker = engine_at().walker.str();
  CHECK(platform.call("GET", path + walker, nullptr, platform.api_token).status == 404);
  CHECK(platform.call("PUT", path + digest("other walker").str(), layer_facts("l"), sensor.token).status == 400);
  CHECK(platform.call("PUT", path + walker, layer_facts("other"), sensor.token).status == 400);
  REQUIRE(platform.call("PUT", path + walker, layer_facts("l"), sensor.token).status == 204);
  CHECK(platform.call("GET", path + walker, nullptr, platform.api_token).body == json(layer_facts("l")));
}

TEST_CASE("api: a version of the protocol that both sides speak is agreed upon, or the sensor is refused with a reason") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const json enrollment{{"name", "n"}, {"version", "1"}, {"public_key", "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="}};
  const json beat{{"version", "1"}, {"jobs", json::array()}};
  const std::string token = platform.new_token("sensor");
  const auto enroll = [&](json body, const json& protocols) {
    if (!protocols.is_null()) body["protocols"] = protocols;
    return platform.call("POST", "/v3/sensors/enroll", body, token);
  };
  const auto heartbeat = [&](json body, const json& protocols) {
    if (!protocols.is_null()) body["protocols"] = protocols;
    return platform.call("POST", "/v3/sensors/me/heartbeat", body, sensor.token);
  };
  // A newer sensor that still speaks our version, with a field and an analysis that we do not know.
  json newer = enrollment;
  newer["moon"] = "full";
  newer["states"] = {{"astrology", 1}, {"secrets", digest("s").str()}};
  CHECK(enroll(newer, {2, 3, 4}).body["protocol_version"] == 2);
  CHECK(heartbeat(beat, {2, 3}).body["protocol_version"] == 2);
  for (const Reply& reply : {enroll(enrollment, {3}), heartbeat(beat, {3, 4})}) {
    CHECK(reply.status == 409);
    CHECK(reply.body["type"] == "urn:landwaiter:problem:protocol-version");
    CHECK(reply.body["detail"].get<std::string>().find("update the platform") != std::string::npos);
  }
  for (const Reply& reply : {enroll(enrollment, nullptr), heartbeat(beat, nullptr)}) {
    CHECK(reply.status == 409);
    CHECK(reply.body["detail"].get<std::string>().find("update the sensor") != std::string::npos);
  }
}

TEST_CASE("api: SQL and wildcards in texts are texts") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll("'; DROP TABLE sensor; --");
  const std::string nasty = "'; DELETE FROM scan; --";
  CHECK(platform.post("/v3/registries", {{"name", nasty}, {"endpoint", "host"}}).status == 201);
  platform.scan_images({"localhost:5000/app:1"});
  const json job = platform.acquire(sensor)[0];
  REQUIRE(platform.job_call(sensor, job, "inventory", page({item(nasty, nasty, "x"), item(std::string("a\0b", 3), "t", "y")})).status ==
          200);
  CHECK(platform.get("/v3/scans/" + job["scan_id"].get<std::string>() + "/items").body["items"].size() == 2);
  for (const std::string query : {"q=%25", "q=_", "q=%27%20OR%201%3D1--", "q=%5C"}) {
    CHECK(platform.get("/v3/findings?" + query).body["findings"].empty());
    CHECK(platform.get("/v3/images?" + query).body["images"].empty());
  }
  CHECK(platform.get("/v3/scans/'%20OR%20'1'='1").status == 404);
  CHECK(platform.get("/v3/sensors").body["sensors"][0]["name"] == "'; DROP TABLE sensor; --");
}

TEST_CASE("api: lists go on page by page, and a page token of another list is refused") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  std::set<std::string> made, seen;
  for (int i = 0; i < 5; ++i) made.insert(platform.scan_images({"localhost:5000/app:1"}));
  std::string token;
  int pages = 0;
  do {
    const json list = platform.get("/v3/scans?page_size=2&page_token=" + token).body;
    for (const json& scan : list["scans"]) CHECK(seen.insert(scan["id"]).second);
    token = list["next_page_token"];
    ++pages;
  } while (!token.empty());
  CHECK(seen == made);
  CHECK(pages == 3);

  const json job = platform.acquire(sensor)[0];
  REQUIRE(platform.job_call(sensor, job, "inventory", page({item("a", "1", "i")})).status == 200);
  for (const json& next : platform.acquire(sensor, 10)) {
    if (next["kind"] != "image") continue;
    REQUIRE(platform.put_layer(sensor, layer_report("l")).status == 204);
    REQUIRE(platform.put_layer(sensor, layer_report("m")).status == 204);
    REQUIRE(platform.job_call(sensor, next, "complete", completion("i", {"l", "m"})).status == 200);
  }
  std::set<std::string> findings;
  token.clear();
  do {
    const json list = platform.get("/v3/findings?page_size=1&page_token=" + token).body;
    for (const json& finding : list["findings"]) CHECK(findings.insert(finding["id"]).second);
    token = list["next_page_token"];
  } while (!token.empty());
  CHECK(findings.size() == 3);
  CHECK(platform.get("/v3/findings?type=certificate&severity=low&q=of%20l&image=" + digest("i").str()).body["findings"].size() == 1);
  CHECK(platform.get("/v3/findings?image=" + digest("none").str()).body["findings"].empty());
  for (const char* bad : {"/v3/findings?page_token=!", "/v3/findings?page_token=eA", "/v3/findings?type=x", "/v3/findings?severity=x",
                          "/v3/scans?page_size=0", "/v3/scans?page_size=1e3", "/v3/images?page_token=eA", "/v3/images/sha256:x/report"}) {
    INFO(bad);
    CHECK(platform.get(bad).status == 400);
  }
  CHECK(platform.get("/v3/findings/none").status == 404);
  CHECK(platform.get("/v3/images/" + digest("none").str() + "/report").status == 404);
}

TEST_CASE("api: a path or a parameter that is no text is refused") {
  TestPlatform platform;
  for (const char* path : {"/v3/scans/%ff", "/v3/findings/%00", "/v3/findings?q=%c3", "/v3/images?q=%0a"}) {
    INFO(path);
    CHECK(platform.get(path).status == 400);
  }
  CHECK(platform.get("/v3/findings?q=%c3%a4").status == 200);
}

TEST_CASE("api: what contradicts itself, and states that there are not, are refused") {
  TestPlatform platform;
  const json both{{"name", "r"}, {"endpoint", "https://localhost:5000"}, {"plain_http", true}};
  CHECK(platform.post("/v3/registries", both).status == 400);
  CHECK(platform.get("/v3/scans?state=runing").status == 400);
  CHECK(platform.get("/v3/scans?state=running").status == 200);
  const std::string scan = platform.scan_images({"localhost:5000/x:1"});
  CHECK(platform.get("/v3/scans/" + scan + "/items?state=scaned").status == 400);
}

}  // namespace landwaiter::test
