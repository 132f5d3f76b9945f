// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/token_cache.hpp"

#include "core/base/limits.hpp"
#include "registry/auth/token_answer.hpp"
#include "tests/registry/support/auth_session.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace asio = boost::asio;
using std::chrono::seconds;

namespace {

/// A cache whose fetches are counted and give what the test says.
struct Fixture {
  Result<Token> get(const std::string& key) {
    TokenCache::Fetch fetch = [this] { return fetch_one(); };
    return run_awaitable(io, cache->get(key, std::move(fetch)));
  }
  Awaitable<Token> fetch_one() {
    ++fetched;
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    if (failure) co_return *failure;
    Token out;
    out.text = Secret("token-" + std::to_string(fetched));
    out.use_until = clock.steady + use_for;
    out.good_until = clock.steady + good_for;
    co_return out;
  }

  asio::io_context io;
  FakeClock clock;
  std::shared_ptr<TokenCache> cache = std::make_shared<TokenCache>(clock);
  int fetched = 0;
  std::optional<Error> failure;
  seconds use_for{100};
  seconds good_for{200};
};

Result<Token> parsed(std::string body, SteadyTime asked_at, std::optional<SystemTime> date = std::nullopt) {
  auto token = parse_token_answer(body, date, asked_at);
  CHECK(body.empty());
  return token;
}

}  // namespace

TEST_CASE("a token is kept for its key until its time", "[token_cache]") {
  Fixture f;
  CHECK(f.get("a")->fresh);
  CHECK_FALSE(f.get("a")->fresh);
  CHECK(f.get("b")->fresh);
  f.clock.advance(seconds(100));
  CHECK(f.get("a")->fresh);
  f.cache->drop("a");
  CHECK(f.get("a")->fresh);
  CHECK(f.fetched == 4);
}

TEST_CASE("the cache is bounded, and what ends first makes room", "[token_cache]") {
  Fixture f;
  REQUIRE(f.get("first to end").has_value());
  f.use_for = seconds(500);
  for (std::size_t i = 0; i < limits::tokens_cached_max - 1; ++i) REQUIRE(f.get(std::to_string(i)).has_value());
  CHECK(f.cache->size() == limits::tokens_cached_max);
  for (int i = 0; i < 5; ++i) REQUIRE(f.get("more " + std::to_string(i)).has_value());
  CHECK(f.cache->size() == limits::tokens_cached_max);
  CHECK(f.get("first to end")->fresh);
}

TEST_CASE("an old token that is still good serves when no other can be had, and is not renewed at each turn", "[token_cache]") {
  Fixture f;
  REQUIRE(f.get("a").has_value());
  f.failure = Error(ErrorCode::unavailable, "down");
  f.clock.advance(seconds(120));
  for (int i = 0; i < 3; ++i) {
    auto old = f.get("a");
    REQUIRE(old.has_value());
    CHECK(old->text.equals("token-1"));
  }
  CHECK(f.fetched == 2);
  f.clock.advance(limits::token_lifetime_min);
  CHECK(f.get("a").has_value());
  CHECK(f.fetched == 3);
  f.clock.advance(seconds(20));
  auto ended = f.get("a");
  REQUIRE(ended.has_error());
  CHECK(ended.error().code() == ErrorCode::unavailable);
}

TEST_CASE("one fetch serves all that wait, and its failure is theirs", "[token_cache]") {
  for (const bool fails : {false, true}) {
    Fixture f;
    if (fails) f.failure = Error(ErrorCode::unavailable, "down");
    int good = 0;
    int bad = 0;
    for (int i = 0; i < 10; ++i) {
      TokenCache::Fetch fetch = [&f] { return f.fetch_one(); };
      asio::co_spawn(f.io, f.cache->get("a", std::move(fetch)), [&](std::exception_ptr, auto token) { ++(token ? good : bad); });
    }
    f.io.run();
    CHECK(f.fetched == 1);
    CHECK((fails ? bad : good) == 10);
  }
}

TEST_CASE("token answers: lifetimes are at least 60 s, at most 12 hours, and never forever", "[token_cache]") {
  const SteadyTime asked_at{std::chrono::hours(5)};
  const auto lifetime = [&](const std::string& expires_in) {
    return parsed(R"({"token":"t","expires_in":)" + expires_in + "}", asked_at)->good_until - asked_at;
  };
  for (const char* low : {"0", "-1", "-9223372036854775808", "1", "59", "-1e300", "null", "\"300\""}) {
    INFO(low);
    CHECK(lifetime(low) == limits::token_lifetime_min);
  }
  for (const char* high : {"43201", "9223372036854775807", "18446744073709551615", "1e300"}) {
    INFO(high);
    CHECK(lifetime(high) == limits::token_lifetime_max);
  }
  CHECK(lifetime("300") == seconds(300));
  CHECK(lifetime("300.9") == seconds(300));
  CHECK(parsed(R"({"access_token":"t"})", asked_at)->use_until == asked_at + limits::token_lifetime_min - limits::token_early);
}

TEST_CASE("token answers: the time since issued_at is taken off by the service's own clock, never by ours", "[token_cache]") {
  const SteadyTime asked_at{std::chrono::hours(5)};
  const auto left = [&](const std::string& issued_at, std::optional<SystemTime> date) {
    return parsed(R"({"token":"t","expires_in":300,"issued_at":")" + issued_at + "\"}", asked_at, date)->good_until - asked_at;
  };
  const auto date = from_rfc3339("2020-01-01T12:00:00Z");
  CHECK(left("2020-01-01T11:59:00Z", date) == seconds(240));
  CHECK(left("2020-01-01T12:00:00Z", date) == seconds(300));
  CHECK(left("2020-01-01T13:00:00Z", date) == seconds(300));
  CHECK(left("2020-01-01T11:59:00Z", std::nullopt) == seconds(300));
  CHECK(left("rubbish", date) == seconds(300));
  // Long ended by its own account: used for the request at hand, kept for none.
  CHECK(left("1970-01-01T00:00:00Z", date) <= seconds(0));
}
