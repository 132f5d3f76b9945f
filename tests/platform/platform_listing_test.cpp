// SPDX-License-Identifier: Apache-2.0
// Kinds and credentials of registries, filters of a scan, and the results of its listing.
#include "core/base/json_reader.hpp"
#include "core/wire/protocol.hpp"
#include "core/wire/registry_kinds.hpp"
#include "platform/api/openapi.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <fstream>
#include <sstream>

namespace landwaiter::test {
namespace {

using protocol::ListWork;

/// FakeClock's beginning: 2027-01-15T08:00:00Z.
constexpr const char* kMidnight = "2027-01-15T00:00:00Z";

std::string add_registry(TestPlatform& platform, const json& more = json::object()) {
  json body{{"name", "mine"}, {"endpoint", "localhost:5000"}};
  body.update(more);
  const Reply reply = platform.post("/v3/registries", body);
  INFO(reply.text);
  REQUIRE(reply.status == 201);
  return reply.body["id"];
}

std::string scan_registry(TestPlatform& platform, const std::string& registry, const json& body = json::object()) {
  const Reply reply = platform.post("/v3/registries/" + registry + "/scan", body);
  INFO(reply.text);
  REQUIRE(reply.status == 201);
  return reply.body["scanId"];
}

ListWork work_of(TestPlatform& platform, const TestSensor& sensor, const std::string& registry, const json& body) {
  const std::string scan = scan_registry(platform, registry, body);
  const json jobs = platform.acquire(sensor);
  REQUIRE(jobs.size() == 1);
  REQUIRE(platform.post("/v3/scans/" + scan + "/cancel").status == 200);
  return jobs[0]["list"].get<ListWork>();
}

json page_of(std::uint64_t listed, std::uint64_t filtered, bool last, const std::vector<json>& items = {}) {
  json out = page(items, last, "cursor");
  out["repositories_listed"] = listed;
  out["repositories_filtered"] = filtered;
  return out;
}

/// Runs a whole listing of so many repositories; the scan as it ended.
json listed(TestPlatform& platform, const TestSensor& sensor, const std::string& registry, std::uint64_t repositories,
            const json& body = json::object()) {
  platform.clock.advance(std::chrono::seconds(5));
  const std::string scan = scan_registry(platform, registry, body);
  const json job = platform.acquire(sensor).at(0);
  REQUIRE(platform.job_call(sensor, job, "inventory", page_of(repositories, 0, true)).status == 200);
  return platform.get("/v3/scans/" + scan).body;
}

}  // namespace

TEST_CASE("listing: the kinds of registries in the API, and what others are answered") {
  TestPlatform platform;
  const json documented = parse_json(platform::openapi_document(), "OpenAPI", kJsonReport)
                              .value()["components"]["schemas"]["NewRegistry"]["properties"]["kind"]["enum"];
  CHECK(documented == json(registry_kind_names()));
  std::size_t made = 0;
  for (const std::string& kind : registry_kind_names()) {
    const Reply reply = platform.post("/v3/registries", {{"name", kind}, {"endpoint", "localhost:5000"}, {"kind", kind}});
    CHECK(reply.status == 201);
    CHECK(reply.body["kind"] == kind);
    ++made;
  }
  CHECK(made == 16);
  CHECK(platform.get("/v3/registries/" + add_registry(platform)).body["kind"] == "auto");
  const Reply bad = platform.post("/v3/registries", {{"name", "x"}, {"endpoint", "localhost:5000"}, {"kind", "Harbor"}});
  CHECK(bad.status == 400);
  CHECK(bad.body["detail"].get<std::string>().find("field kind") == 0);
}

TEST_CASE("listing: credentials of the clouds reach the vault and nothing else") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string registry = add_registry(
      platform, {{"credentials", {{"kind", "aws"}, {"aws_access_key_id", "AKIDEXAMPLE"}, {"aws_secret_access_key", "wJalrXUtnFEMI"}}}});
  CHECK(platform.get("/v3/registries/" + registry).body["has_credentials"] == true);
  CHECK(platform.get("/v3/registries").text.find("AKIDEXAMPLE") == std::string::npos);
  scan_registry(platform, registry);
  const json job = platform.acquire(sensor).at(0);
  CHECK_FALSE(job["sealed_credentials"].get<std::string>().empty());
  CHECK(dump_json(job).find("wJalrXUtnFEMI") == std::string::npos);
  std::ostringstream disk;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(platform.folder())) {
    if (entry.is_regular_file()) disk << std::ifstream(entry.path(), std::ios::binary).rdbuf();
  }
  CHECK(disk.str().find("wJalrXUtnFEMI") == std::string::npos);
  CHECK(disk.str().find("AKIDEXAMPLE") == std::string::npos);

  const std::vector<json> wrong{{{"credentials", "text"}},
                                {{"credentials", {{"kind", "aws"}, {"aws_access_key_id", "AKIDEXAMPLE"}}}},
                                {{"credentials", {{"kind", "nobody"}}}},
                                {{"credentials", {{"kind", "basic"}, {"username", "u"}, {"password", 5}}}},
                                {{"credentials", {{"kind", "basic"}, {"username", "u"}, {"password", "AKIDEXAMPLE"}}}, {"token", "t"}}};
  for (const json& more : wrong) {
    json body{{"name", "other"}, {"endpoint", "localhost:5000"}};
    body.update(more);
    const Reply reply = platform.post("/v3/registries", body);
    INFO(reply.text);
    CHECK(reply.status == 400);
    CHECK(reply.body["detail"].get<std::string>().find("credentials") != std::string::npos);
    CHECK(reply.text.find("AKIDEXAMPLE") == std::string::npos);
  }
}

TEST_CASE("listing: the filters of a request are those of the sensor's job") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string registry = add_registry(platform);
  const ListWork all = work_of(platform, sensor, registry, json::object());
  CHECK(dump_json(json(all)) == dump_json(json(ListWork{})));
  const ListWork some = work_of(platform, sensor, registry,
                                {{"repositories", {"team/*"}},
                                 {"exclude_repositories", {"*/old"}},
                                 {"tags", {"v?", "latest"}},
                                 {"exclude_tags", {"*-debug"}},
                                 {"newest", 3},
                                 {"platforms", {"linux/amd64"}},
                                 {"pushed", "yesterday"}});
  CHECK(some.repositories == std::vector<std::string>{"team/*"});
  CHECK(some.exclude_repositories == std::vector<std::string>{"*/old"});
  CHECK(some.tags == std::vector<std::string>{"v?", "latest"});
  CHECK(some.exclude_tags == std::vector<std::string>{"*-debug"});
  CHECK(some.newest == 3);
  CHECK(some.platforms == std::vector<std::string>{"linux/amd64"});
  CHECK(some.pushed_after == "2027-01-14T00:00:00Z");
  CHECK(some.pushed_before == kMidnight);
  const auto window = [&](const json& pushed, int time_zone = 0) {
    const ListWork work = work_of(platform, sensor, registry, {{"pushed", pushed}, {"time_zone", time_zone}});
    return work.pushed_after + " " + work.pushed_before;
  };
  CHECK(window("all") == " ");
  CHECK(window("today") == std::string(kMidnight) + " ");
  CHECK(window("today", 120) == "2027-01-14T22:00:00Z ");
  CHECK(window("last-7-days") == "2027-01-08T08:00:00Z ");
  CHECK(window({{"days", 2}}) == "2027-01-13T08:00:00Z ");
  CHECK(window({{"from", "2026-01-01"}, {"to", "2026-01-31"}}) == "2026-01-01T00:00:00Z 2026-02-01T00:00:00Z");
  CHECK(window({{"to", "2026-01-31T10:00:00+01:00"}}) == " 2026-01-31T09:00:00Z");
}

TEST_CASE("listing: filters without meaning are refused with their field's name") {
  TestPlatform platform;
  const std::string registry = add_registry(platform);
  const std::vector<std::pair<std::string, json>> wrong{{"repositories", "a"},
                                                        {"repositories", {1}},
                                                        {"repositories", {""}},
                                                        {"tags", {std::string(129, 'x')}},
                                                        {"exclude_tags", json(std::vector<std::string>(1001, "x"))},
                                                        {"exclude_repositories", 5},
                                                        {"newest", 0},
                                                        {"newest", 10001},
                                                        {"newest", "3"},
                                                        {"platforms", {"linux"}},
                                                        {"pushed", "tomorrow"},
                                                        {"pushed", 7},
                                                        {"pushed", json::object()},
                                                        {"pushed", {{"days", 0}}},
                                                        {"pushed", {{"days", 2}, {"from", "2026-01-01"}}},
                                                        {"pushed", {{"until", "x"}}},
                                                        {"pushed", {{"from", "2026-02-01"}, {"to", "2026-01-01"}}},
                                                        {"time_zone", 900},
                                                        {"incremental", 1}};
  for (const auto& [field, value] : wrong) {
    const Reply reply = platform.post("/v3/registries/" + registry + "/scan", {{field, value}});
    INFO(field << " " << reply.text);
    CHECK(reply.status == 400);
    CHECK(reply.body["detail"].get<std::string>().find("field " + field) != std::string::npos);
  }
  CHECK(platform.post("/v3/registries/" + registry + "/scan", json::array({1})).status == 400);
  CHECK(platform.get("/v3/scans").body["scans"].empty());
}

TEST_CASE("listing: a scan tells how many repositories were listed and filtered, and items their times and codes") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string scan = scan_registry(platform, add_registry(platform));
  const json job = platform.acquire(sensor).at(0);
  json timed = item("a", "1", "image");
  timed["pushed"] = "2026-01-01T00:00:00Z";
  timed["time_source"] = "registry";
  json broken = item("b", "", "", "failed");
  broken["code"] = "unauthorized";
  REQUIRE(platform.job_call(sensor, job, "inventory", page_of(3, 2, false, {timed, broken})).status == 200);
  platform.kill_and_restart();
  for (int i = 0; i < 2; ++i) REQUIRE(platform.job_call(sensor, job, "inventory", page_of(5, 4, true)).status == 200);
  const json ended = platform.get("/v3/scans/" + scan).body;
  CHECK(ended["repositories_listed"] == 5);
  CHECK(ended["repositories_filtered"] == 4);
  CHECK(ended["warnings"].empty());
  REQUIRE(ended["errors"].size() == 1);
  CHECK(ended["errors"][0]["code"] == "unauthorized");
  const json items = platform.get("/v3/scans/" + scan + "/items").body["items"];
  REQUIRE(items.size() == 2);
  CHECK(items[0]["pushed"] == "2026-01-01T00:00:00Z");
  CHECK(items[0]["time_source"] == "registry");
  CHECK(items[1]["code"] == "unauthorized");

  // An image job that fails gives its items its code.
  const json image = platform.acquire(sensor).at(0);
  REQUIRE(platform.job_call(sensor, image, "fail", failure(false, "forbidden")).status == 200);
  CHECK(platform.get("/v3/scans/" + scan + "/items?state=failed").body["items"][0]["code"] == "forbidden");
}

TEST_CASE("listing: far fewer repositories than last time (a Link that was lost) is a warning, not an error") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string registry = add_registry(platform);
  CHECK(listed(platform, sensor, registry, 100)["warnings"].empty());
  CHECK(listed(platform, sensor, registry, 50)["warnings"].empty());
  const json fewer = listed(platform, sensor, registry, 24);
  CHECK(fewer["state"] == "finished");
  REQUIRE(fewer["warnings"].size() == 1);
  const std::string warning = fewer["warnings"][0];
  CHECK(warning.find("24 repositories") != std::string::npos);
  CHECK(warning.find("50") != std::string::npos);
  // Other filters on repositories, another registry, and a scan of references are no comparison.
  CHECK(listed(platform, sensor, registry, 1, {{"repositories", {"a"}}})["warnings"].empty());
  CHECK(listed(platform, sensor, registry, 1, {{"exclude_repositories", {"a"}}})["warnings"].empty());
  const Reply second = platform.post("/v3/registries", {{"name", "second"}, {"endpoint", "localhost:5001"}});
  CHECK(listed(platform, sensor, second.body["id"], 1)["warnings"].empty());
  // Other filters on tags are the same repositories.
  CHECK(listed(platform, sensor, registry, 2, {{"tags", {"v1"}}})["warnings"].size() == 1);
}

TEST_CASE("listing: a filter that matches no repository is a warning, with the reason if it can match none") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const std::string registry = add_registry(platform);
  const auto warnings = [&](const json& body, std::uint64_t matched, std::uint64_t others) {
    platform.clock.advance(std::chrono::seconds(5));
    const std::string scan = scan_registry(platform, registry, body);
    const json job = platform.acquire(sensor).at(0);
    REQUIRE(platform.job_call(sensor, job, "inventory", page_of(matched, others, true)).status == 200);
    return platform.get("/v3/scans/" + scan).body["warnings"].dump();
  };
  CHECK(warnings({{"repositories", {"team/*"}}}, 1, 6) == "[]");
  CHECK(warnings({{"repositories", {"teams/*"}}}, 0, 7).find("none of the registry's 7 repositories") != std::string::npos);
  CHECK(warnings({{"exclude_repositories", {"*"}}}, 0, 7).find("none of the registry's 7 repositories") != std::string::npos);
  CHECK(warnings({{"repositories", {"Team/*"}}}, 0, 7).find("upper-case") != std::string::npos);
}

}  // namespace landwaiter::test
