// SPDX-License-Identifier: Apache-2.0
// How long we wait: what registries ask for in all the ways that were seen, and what we do when they do not say.
#include "registry/http/retry.hpp"

#include "core/base/limits.hpp"
#include "registry/client/client.hpp"
#include "registry/http/bandwidth.hpp"
#include "registry/http/http_headers.hpp"
#include "registry/http/status_error.hpp"
#include "registry/http/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

const SystemTime kNow = *from_rfc3339("2025-05-01T21:00:00Z");

class FixedClock final : public Clock {
 public:
  SystemTime now() const override { return kNow; }
  SteadyTime steady_now() const override { return steady; }
  SteadyTime steady = SteadyTime{} + 1000h;
};

class Answer final : public HttpResponse {
 public:
  explicit Answer(std::map<std::string, std::string> headers) : headers_(std::move(headers)) {}
  int status() const override { return 429; }
  std::optional<std::string> header(std::string_view name) const override {
    const auto found = headers_.find(std::string(name));
    if (found == headers_.end()) return std::nullopt;
    return found->second;
  }
  std::vector<std::string> headers(std::string_view) const override { return {}; }
  std::optional<std::uint64_t> content_length() const override { return std::nullopt; }
  Awaitable<std::size_t> read(std::span<std::uint8_t>) override { co_return std::size_t{0}; }

 private:
  std::map<std::string, std::string> headers_;
};

std::optional<milliseconds> asked(std::map<std::string, std::string> headers, std::string_view body = {},
                                  ErrorCode code = ErrorCode::rate_limited) {
  Error error(code, "x");
  set_retry_after(error, Answer(std::move(headers)), kNow, body);
  return error.retry_after();
}

Error failed(ErrorCode code, std::optional<milliseconds> wait = {}) {
  Error out(code, "failed");
  if (wait) out.set_retry_after(*wait);
  return out;
}

}  // namespace

TEST_CASE("Retry-After is read in seconds, as a date, as an epoch, with fractions and units", "[retry]") {
  struct Row {
    const char* text;
    std::optional<milliseconds> wait;
  };
  const std::vector<Row> rows{
      {"0", 0ms},
      {"120", 120s},
      {" 7 ", 7s},
      {"Thu, 01 May 2025 21:01:30 GMT", 90s},
      {"Thu, 01 May 2025 20:00:00 GMT", 0ms},
      {"1746136938", 3738s},
      {"1000000000", 0ms},
      {"1.5", 1500ms},
      {"880.092\xc2\xb5s", 1ms},
      {"1m30s", 90s},
      {"1h2m3.5s", 3723500ms},
      {"250ms", 250ms},
      {"-5", {}},
      {"-1.5", {}},
      {"", {}},
      {"soon", {}},
      {"1e9", {}},
      {"inf", {}},
      {"nan", {}},
      {"5 minutes", {}},
      {"1m30", {}},
      {"99999999999999999999999", {}},
      {"1746136938000", {}},
      {"0x10", {}},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(parse_retry_after(row.text, kNow) == row.wait);
  }
}

TEST_CASE("GHCR hints at the wait in the body of its 429 only", "[retry]") {
  const std::string body = R"({"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 880.092)"
                           "\xc2\xb5"
                           R"(s, allowed: 44000/minute"}]})";
  CHECK(asked({}, body) == 1ms);
  CHECK(asked({}, R"({"message":"Retry-After: 90s"})") == 90s);
  CHECK(asked({{"Retry-After", "5"}}, body) == 5s);
  CHECK_FALSE(asked({}, body, ErrorCode::malformed).has_value());
  for (const char* none : {"", "retry-after:", "retry-after: never", "retry after 5"}) CHECK_FALSE(asked({}, none).has_value());
}

TEST_CASE("Docker Hub's spent limit is a long wait, one that is not spent is none", "[retry]") {
  CHECK(asked({{"ratelimit-remaining", "0;w=21600"}}) == 90min);
  CHECK(asked({{"ratelimit-remaining", "0 ; W=\"3600\""}}) == 15min);
  CHECK(asked({{"ratelimit-remaining", "0;w=21600"}, {"Retry-After", "30"}}) == 30s);
  for (const char* other : {"5;w=21600", "0", "0;w=0", "0;x=21600", "-1;w=21600", "", ";w=21600"}) {
    INFO(other);
    CHECK_FALSE(asked({{"ratelimit-remaining", other}}).has_value());
  }
  CHECK_FALSE(asked({{"ratelimit-remaining", "0;w=21600"}}, "", ErrorCode::unavailable).has_value());
}

TEST_CASE("an absurd Retry-After is capped", "[retry]") {
  CHECK(asked({{"Retry-After", "31536000"}}) == limits::retry_after_max);
  CHECK(asked({{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}}) == limits::retry_after_max);
  CHECK(asked({{"ratelimit-remaining", "0;w=4294967295"}}) == limits::retry_after_max);
}

TEST_CASE("pauses double up to their bound, with full jitter, after what was asked for", "[retry]") {
  CHECK(retry_pause(1, {}, 0) == 0ms);
  CHECK(retry_pause(1, {}, 1) == limits::retry_wait_first);
  CHECK(retry_pause(2, {}, 1) == 2 * limits::retry_wait_first);
  CHECK(retry_pause(3, {}, 0.5) == 2 * limits::retry_wait_first);
  for (const std::size_t attempt : {0, 20, 1'000'000}) {
    CHECK(retry_pause(attempt, {}, 0) == 0ms);
    CHECK(retry_pause(attempt, {}, 1) <= limits::retry_wait_max);
  }
  CHECK(retry_pause(1, 5s, 0) == 5s);
  CHECK(retry_pause(1, 5s, 0.5) == 5s + limits::retry_wait_first / 2);
}

TEST_CASE("a wait beyond what is waited in place is handed back, and holds the host for all jobs", "[retry]") {
  boost::asio::io_context io;
  FixedClock clock;
  Throttle throttle;
  Retry one(throttle, clock);
  Retry other(throttle, clock);
  auto back = run_awaitable(io, one.back_off("hub", failed(ErrorCode::rate_limited, 1h), 1));
  REQUIRE(back.has_error());
  CHECK(back.error().retry_after() == 1h);
  auto held = run_awaitable(io, other.turn("hub"));
  REQUIRE(held.has_error());
  CHECK(held.error().code() == ErrorCode::rate_limited);
  CHECK(held.error().retry_after() == 1h);
  CHECK(run_awaitable(io, other.turn("elsewhere")).has_value());
  clock.steady += 1h;
  CHECK(run_awaitable(io, other.turn("hub")).has_value());
}

TEST_CASE("failures that another try cannot fix are not waited for, and the budget of retries ends", "[retry]") {
  boost::asio::io_context io;
  FixedClock clock;
  Throttle throttle;
  Retry retry(throttle, clock);
  for (const ErrorCode code :
       {ErrorCode::not_found, ErrorCode::tls, ErrorCode::configuration, ErrorCode::digest_mismatch, ErrorCode::cancelled}) {
    auto back = run_awaitable(io, retry.back_off("a", failed(code), 1));
    REQUIRE(back.has_error());
    CHECK(back.error().code() == code);
  }
  std::size_t retries = 0;
  while (run_awaitable(io, retry.back_off("a", failed(ErrorCode::rate_limited, 0ms), 0)).has_value()) {
    // The pause of try 0 is jitter alone: spend the rest without it.
    ++retries;
    while (retries < limits::retry_budget && throttle.spend_retry("a", clock.steady)) ++retries;
  }
  CHECK(retries == limits::retry_budget);
}

TEST_CASE("a spent pull limit gives the job back at once instead of hammering the registry", "[retry]") {
  ScriptedServer server([](const ScriptedRequest&) {
    ScriptedResponse out;
    out.status = 429;
    out.headers = {{"ratelimit-limit", "100;w=21600"}, {"ratelimit-remaining", "0;w=21600"}};
    out.body = R"({"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]})";
    return out;
  });
  boost::asio::io_context io;
  RealClock clock;
  const auto transport = make_transport(io.get_executor(), {});
  const auto client = std::make_shared<Client>(transport, Endpoint::parse(server.host()).value(), clock);
  auto limited = run_awaitable(io, client->manifest("a", "1"));
  REQUIRE(limited.has_error());
  CHECK(limited.error().code() == ErrorCode::rate_limited);
  CHECK(limited.error().retry_after() == 90min);
  CHECK(server.requests().size() == 1);
  // Another job's client, the same host.
  const auto second = std::make_shared<Client>(transport, Endpoint::parse(server.host()).value(), clock);
  auto held = run_awaitable(io, second->manifest("b", "1"));
  REQUIRE(held.has_error());
  CHECK(held.error().code() == ErrorCode::rate_limited);
  CHECK(held.error().retry_after().value_or(0ms) > 80min);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("all readers together keep below the bandwidth", "[retry]") {
  Bandwidth bandwidth(1000);
  SteadyTime one = SteadyTime{} + 1000h;
  const SteadyTime start = one;
  SteadyTime two = one;
  for (int i = 0; i < 100; ++i) {
    one = bandwidth.book(100, one);
    two = bandwidth.book(100, two);
  }
  // 20,000 bytes at 1,000 a second, the bucket's quarter of a second for nothing.
  CHECK(std::max(one, two) - start == 19750ms);
  CHECK(bandwidth.read_bytes_max(1'000'000) == 250);
  CHECK(bandwidth.book(1, one + 1h) == one + 1h);
  Bandwidth unlimited(0);
  CHECK(unlimited.book(1'000'000'000, start) == start);
  CHECK(unlimited.read_bytes_max(77) == 77);
  CHECK(Bandwidth(1).read_bytes_max(77) == 1);
}
