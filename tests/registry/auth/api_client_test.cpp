// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/api_client.hpp"

#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

ScriptedResponse answer(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  ScriptedResponse out;
  out.status = status;
  out.body = std::move(body);
  out.headers = std::move(headers);
  return out;
}

struct Session {
  explicit Session(ScriptedServer::Handler handler) : server(std::move(handler)), api(make_transport(io.get_executor(), {}), clock) {}
  Result<ApiAnswer> ask(ApiRequest request) { return run_awaitable(io, api.ask(std::move(request))); }
  ApiRequest request(const std::string& target = "/api") const {
    ApiRequest out;
    out.url = HttpUrl::parse(server.url() + target).value();
    out.subject = "the vendor's list";
    out.secret_headers.push_back({"Authorization", Secret("Bearer token-of-mine-1")});
    return out;
  }

  ScriptedServer server;
  boost::asio::io_context io;
  RealClock clock;
  ApiClient api;
};

}  // namespace

TEST_CASE("a vendor's JSON is read whatever its content type, with method, headers and body as given", "[api_client]") {
  Session session([](const ScriptedRequest& request) {
    return answer(200,
                  R"({"said":")" + request.method + ' ' + request.target + ' ' + request.header("authorization") + ' ' +
                      request.header("x-a") + ' ' + request.body + R"("})",
                  {{"Content-Type", "text/html"}, {"X-Next", "7"}});
  });
  ApiRequest request = session.request("/api?x=1");
  request.method = "POST";
  request.headers.push_back({"X-A", "b"});
  request.body = Secret("body");
  auto got = session.ask(std::move(request));
  REQUIRE(got.has_value());
  CHECK(got->status == 200);
  CHECK(got->document.at("said") == "POST /api?x=1 Bearer token-of-mine-1 b body");
  CHECK(got->response->header("X-Next") == "7");
}

TEST_CASE("an expected status is an answer, also without a body", "[api_client]") {
  Session session([](const ScriptedRequest&) { return answer(204, ""); });
  ApiRequest request = session.request();
  request.expected = {200, 204};
  auto got = session.ask(std::move(request));
  REQUIRE(got.has_value());
  CHECK(got->status == 204);
  CHECK(got->document.is_null());
}

TEST_CASE("errors name the subject, hold what the service said and tell statuses apart, but no credential", "[api_client]") {
  const std::vector<std::pair<int, ErrorCode>> table{{401, ErrorCode::unauthorized},
                                                     {403, ErrorCode::forbidden},
                                                     {404, ErrorCode::not_found},
                                                     {400, ErrorCode::malformed},
                                                     {405, ErrorCode::unsupported}};
  for (const auto& [status, code] : table) {
    INFO(status);
    Session session([status = status](const ScriptedRequest& request) {
      return answer(status, R"({"message":"you sent )" + request.header("authorization") + ' ' + request.body + R"("})");
    });
    ApiRequest request = session.request();
    request.method = "POST";
    request.body = Secret("field=pass-word-7");
    request.secrets.emplace_back("pass-word-7");
    auto got = session.ask(std::move(request));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == code);
    const std::string text = got.error().message();
    CHECK(text.find("the vendor's list") != std::string::npos);
    CHECK(text.find("you sent") != std::string::npos);
    CHECK(text.find("token-of-mine-1") == std::string::npos);
    CHECK(text.find("pass-word-7") == std::string::npos);
    CHECK(session.server.requests().size() == 1);
  }
}

TEST_CASE("what may pass is tried again", "[api_client]") {
  int asked = 0;
  Session session([&](const ScriptedRequest&) {
    ++asked;
    if (asked == 1) return answer(503, "");
    if (asked == 2) return answer(429, "", {{"Retry-After", "0"}});
    return answer(200, "[1]");
  });
  auto got = session.ask(session.request());
  REQUIRE(got.has_value());
  CHECK(got->document.size() == 1);
  CHECK(asked == 3);
}

TEST_CASE("a wait that is too long is handed up, not sat out", "[api_client]") {
  Session session([](const ScriptedRequest&) { return answer(429, "", {{"Retry-After", "3600"}}); });
  auto got = session.ask(session.request());
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::rate_limited);
  CHECK(got.error().retry_after().has_value());
  CHECK(session.server.requests().size() == 1);
}

TEST_CASE("redirects are followed at home only, and never with a body", "[api_client]") {
  Session session([](const ScriptedRequest& request) {
    if (request.path() == "/home") return answer(302, "", {{"Location", "/there"}});
    if (request.path() == "/there") return answer(200, R"("arrived")");
    if (request.path() == "/round") return answer(302, "", {{"Location", "/round"}});
    return answer(302, "", {{"Location", "http://127.0.0.1:1/steal"}});
  });
  auto home = session.ask(session.request("/home"));
  REQUIRE(home.has_value());
  CHECK(home->document == "arrived");
  for (const char* where : {"/round", "/away"}) {
    INFO(where);
    auto got = session.ask(session.request(where));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
  }
  ApiRequest post = session.request("/home");
  post.method = "POST";
  CHECK(session.ask(std::move(post)).error().code() == ErrorCode::malformed);
  CHECK(session.server.requests().size() < 20);
}

TEST_CASE("answers have a limit, and what is no JSON is malformed", "[api_client]") {
  Session session([](const ScriptedRequest& request) {
    return answer(200, request.path() == "/long" ? '"' + std::string(2000, 'x') + '"' : std::string("<html>"));
  });
  ApiRequest longer = session.request("/long");
  longer.bytes_max = 1000;
  CHECK(session.ask(std::move(longer)).error().code() == ErrorCode::limit_exceeded);
  CHECK(session.ask(session.request("/long")).has_value());
  auto html = session.ask(session.request("/html"));
  REQUIRE(html.has_error());
  CHECK(html.error().code() == ErrorCode::malformed);
  CHECK(html.error().message().find("the vendor's list") != std::string::npos);
}

TEST_CASE("a host that another one named must not be a local one", "[api_client]") {
  Session session([](const ScriptedRequest&) { return answer(200, "1"); });
  ApiRequest request = session.request();
  request.foreign_host = true;
  CHECK(session.ask(std::move(request)).error().code() == ErrorCode::malformed);
  CHECK(session.server.requests().empty());
}
