// SPDX-License-Identifier: Apache-2.0
#include "platform/http/request_log.hpp"

#include "platform/metrics/metrics.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <string>
#include <vector>

namespace landwaiter::test {
namespace {

using platform::RequestLog;
using platform::ServedRequest;

struct Line {
  LogLevel level;
  std::string event;
  json fields;
};

struct Written {
  std::vector<Line> lines;
  RequestLog::Write writer() {
    return [this](LogLevel level, std::string_view event, const json& fields) { lines.push_back({level, std::string(event), fields}); };
  }
};

ServedRequest served(int status) {
  return {"GET", "/v3/scans", "/v3/scans", "token-1", "192.0.2.1", status, std::chrono::microseconds(2500), 17};
}

}  // namespace

TEST_CASE("request log: each request if asked to, with who asked from where") {
  Written written;
  const SteadyTime now;
  RequestLog quiet(false, nullptr, written.writer());
  quiet.served(served(200), now);
  quiet.served(served(500), now);
  CHECK(written.lines.empty());
  RequestLog all(true, nullptr, written.writer());
  all.served(served(200), now);
  REQUIRE(written.lines.size() == 1);
  CHECK(written.lines[0].level == LogLevel::info);
  CHECK(written.lines[0].fields == json{{"method", "GET"},
                                        {"path", "/v3/scans"},
                                        {"status", 200},
                                        {"ms", 2},
                                        {"bytes", 17},
                                        {"caller", "token-1"},
                                        {"peer", "192.0.2.1"}});
}

TEST_CASE("request log: refusals are warnings, and a flood of them is a few lines and a number") {
  Written written;
  SteadyTime now = SteadyTime() + std::chrono::hours(1);
  RequestLog log(false, nullptr, written.writer());
  for (const int status : {401, 403, 404, 405, 413, 429}) log.served(served(status), now);
  CHECK(written.lines.size() == 6);
  for (int i = 0; i < 1000; ++i) log.served(served(401), now);
  CHECK(written.lines.size() == 20);
  now += std::chrono::seconds(1);
  for (int i = 0; i < 10; ++i) log.served(served(401), now);
  REQUIRE(written.lines.size() == 21);
  CHECK(written.lines.back().level == LogLevel::warning);
  CHECK(written.lines.back().fields["not_logged"] == 986);
  now += std::chrono::hours(1);
  for (int i = 0; i < 1000; ++i) log.served(served(404), now);
  CHECK(written.lines.size() == 41);
}

TEST_CASE("request log: what a caller makes endless is cut") {
  Written written;
  RequestLog log(true, nullptr, written.writer());
  const std::string endless(60'000, 'x');
  ServedRequest request = served(404);
  request.method = request.path = endless;
  log.served(request, SteadyTime());
  REQUIRE(written.lines.size() == 1);
  CHECK(dump_json(written.lines[0].fields).size() < 1000);
}

}  // namespace landwaiter::test
