// SPDX-License-Identifier: Apache-2.0
#include "platform/metrics/metrics.hpp"

#include "tests/platform/support/metrics_text.hpp"
#include "tests/support/catch.hpp"

#include <string>

namespace landwaiter::test {

using platform::Metrics;
using platform::QueueGauges;
using Seconds = Metrics::Seconds;

TEST_CASE("metrics: requests are counted by route and status, with how long they took") {
  Metrics metrics;
  metrics.request("GET", "/v3/scans/{id}", 200, Seconds(0.01));
  metrics.request("GET", "/v3/scans/{id}", 200, Seconds(0.3));
  metrics.request("GET", "/v3/scans/{id}", 404, Seconds(0.01));
  const MetricsText text(metrics.text());
  const std::string labels = R"(method="GET",route="/v3/scans/{id}")";
  CHECK(text.value("landwaiter_http_requests_total{" + labels + R"(,status="200"})") == 2);
  CHECK(text.value("landwaiter_http_requests_total{" + labels + R"(,status="404"})") == 1);
  CHECK(text.value("landwaiter_http_request_seconds_count{" + labels + "}") == 3);
  CHECK(text.value("landwaiter_http_request_seconds_bucket{" + labels + R"(,le="0.02"})") == 2);
  CHECK(text.value("landwaiter_http_request_seconds_bucket{" + labels + R"(,le="+Inf"})") == 3);
  CHECK(text.type("landwaiter_http_requests_total") == "counter");
  CHECK(text.type("landwaiter_http_request_seconds") == "histogram");
}

TEST_CASE("metrics: a caller cannot make series of its own") {
  Metrics metrics;
  for (int i = 0; i < 1000; ++i) metrics.request("M" + std::to_string(i), "", 404, Seconds(0));
  const MetricsText text(metrics.text());
  CHECK(text.value(R"(landwaiter_http_requests_total{method="other",route="none",status="404"})") == 1000);
  CHECK(text.size() < 60);
}

TEST_CASE("metrics: the queue is what was said last") {
  Metrics metrics;
  QueueGauges queue;
  queue.jobs_queued = {{"image", 7}, {"list", 1}};
  queue.jobs_leased = {{"image", 3}, {"list", 0}};
  queue.oldest_queued = std::chrono::seconds(90);
  queue.jobs_suspect = 2;
  queue.sensors = 5;
  queue.sensors_online = 4;
  metrics.queue(queue);
  queue.jobs_queued["image"] = 6;
  metrics.queue(queue);
  const MetricsText text(metrics.text());
  CHECK(text.value(R"(landwaiter_jobs_queued{kind="image"})") == 6);
  CHECK(text.value(R"(landwaiter_jobs_leased{kind="list"})") == 0);
  CHECK(text.value("landwaiter_jobs_oldest_queued_seconds") == 90);
  CHECK(text.value(R"(landwaiter_sensors{state="silent"})") == 1);
  CHECK(text.value("landwaiter_jobs_suspect") == 2);
}

}  // namespace landwaiter::test
