// SPDX-License-Identifier: Apache-2.0
#include "platform/metrics_page.hpp"

#include "platform/store/gauges.hpp"
#include "tests/platform/support/metrics_text.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <chrono>
#include <string>

namespace landwaiter::test {
namespace {

using platform::QueueGauges;
using platform::Transaction;

HttpReply scrape(std::uint16_t port, const std::string& path = "/metrics", const std::string& method = "GET") {
  return parse_reply(send_raw(port, method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
}

QueueGauges gauges(const TestPlatform& platform) {
  const auto database = platform.connect();
  Transaction transaction(*database, Transaction::Kind::read);
  auto read = platform::read_gauges(transaction, platform.clock.now());
  REQUIRE(transaction.commit());
  return read;
}

}  // namespace

TEST_CASE("metrics page: its own listener, for those who read") {
  TestPlatform platform;
  REQUIRE(platform.metrics_port != 0);
  REQUIRE(platform.metrics_port != platform.port);
  const HttpReply reply = scrape(platform.metrics_port);
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(scrape(platform.metrics_port, "/metrics", "POST").status == 405);
  CHECK(scrape(platform.metrics_port, "/v3/scans").status == 404);
  CHECK(scrape(platform.port).status == 404);
}

TEST_CASE("metrics page: what was called and what is to do") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/a:1", "localhost:5000/b:1"});
  REQUIRE(platform.acquire(sensor).size() == 1);
  platform.call("GET", "/v3/scans", nullptr, "wrong");
  const MetricsText text(scrape(platform.metrics_port).body);
  CHECK(text.value(R"(landwaiter_http_requests_total{method="POST",route="/v3/jobs/acquire",status="200"})") == 1);
  CHECK(text.value(R"(landwaiter_http_requests_total{method="GET",route="/v3/scans",status="401"})") == 1);
  CHECK(text.value(R"(landwaiter_lane_work_seconds_count{lane="write"})") >= 3);
  CHECK(text.value(R"(landwaiter_lane_queue{lane="write"})") == 0);
  CHECK(text.value(R"(landwaiter_sensors{state="online"})") == 1);
  CHECK(text.value("landwaiter_database_bytes") > 10'000);
  CHECK(text.value("landwaiter_http_connections") >= 0);
}

TEST_CASE("metrics page: queued, leased, oldest, registries and sensors as the database has them") {
  TestPlatform platform;
  CHECK(gauges(platform).jobs_queued == std::map<std::string, std::int64_t>{{"image", 0}, {"list", 0}});
  CHECK(gauges(platform).oldest_queued.count() == 0);
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/a:1"});
  platform.clock.advance(std::chrono::seconds(40));
  QueueGauges now = gauges(platform);
  CHECK(now.jobs_queued["list"] + now.jobs_queued["image"] == 1);
  CHECK(now.oldest_queued == std::chrono::seconds(40));
  CHECK(now.registries_leased == 0);
  REQUIRE(platform.acquire(sensor).size() == 1);
  now = gauges(platform);
  CHECK(now.jobs_queued["list"] + now.jobs_queued["image"] == 0);
  CHECK(now.jobs_leased["list"] + now.jobs_leased["image"] == 1);
  CHECK(now.oldest_queued.count() == 0);
  CHECK(now.registries_leased == 1);
  CHECK(now.sensors_online == 1);
  platform.clock.advance(std::chrono::minutes(5));
  now = gauges(platform);
  CHECK(now.sensors == 1);
  CHECK(now.sensors_online == 0);
}

}  // namespace landwaiter::test
