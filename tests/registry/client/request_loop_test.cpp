// SPDX-License-Identifier: Apache-2.0
// The client against a scripted server that does what registries do, and what hostile ones would.
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "registry/client/client.hpp"
#include "registry/http/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"

#include <algorithm>
#include <atomic>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

const std::string kManifest = R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:)" +
                              std::string(64, 'a') + R"(","size":2},"layers":[]})";

struct Session {
  explicit Session(const ScriptedServer& server, std::string user = "", std::string password = "", std::string token = "") {
    Endpoint endpoint = Endpoint::parse(server.host()).value();
    endpoint.credentials = Credentials::from_login(std::move(user), Secret(std::move(password)), Secret(std::move(token)));
    client = std::make_shared<Client>(make_transport(io.get_executor(), {}), endpoint, clock);
  }
  template <class T>
  T run(boost::asio::awaitable<T> operation) {
    return run_awaitable(io, std::move(operation));
  }
  Result<std::string> blob(const std::string& content) {
    Descriptor descriptor;
    descriptor.digest = Digest::sha256_of(as_bytes(content));
    descriptor.size_bytes = content.size();
    return run(read_blob(client, descriptor));
  }
  static boost::asio::awaitable<Result<std::string>> read_blob(std::shared_ptr<Client> client, Descriptor descriptor) {
    auto reader = co_await client->open_blob("a", descriptor);
    if (!reader) co_return reader.error();
    std::string out;
    std::vector<std::uint8_t> chunk(10'000);
    while (true) {
      auto size = co_await (*reader)->read(chunk);
      if (!size) co_return size.error();
      if (*size == 0) co_return out;
      out.append(reinterpret_cast<const char*>(chunk.data()), *size);
    }
  }

  boost::asio::io_context io;
  RealClock clock;
  std::shared_ptr<Client> client;
};

ScriptedResponse status(int code, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = "") {
  ScriptedResponse out;
  out.status = code;
  out.headers = std::move(headers);
  out.body = std::move(body);
  return out;
}

ScriptedResponse found(std::string body) { return status(200, {}, std::move(body)); }

std::string challenge(const std::string& realm) { return "Bearer realm=\"" + realm + "\",service=\"svc\",scope=\"x\""; }

bool mentions(const Error& error, const std::string& text) { return error.message().find(text) != std::string::npos; }

std::string some_bytes(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 2654435761U) >> 13);
  return out;
}

}  // namespace

TEST_CASE("a token is fetched from the realm, used, and kept for its scope", "[request_loop]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"tok-1","expires_in":300})");
    if (request.header("authorization") == "Bearer tok-1") return found(kManifest);
    return status(401, {{"WWW-Authenticate", "Negotiate"}, {"WWW-Authenticate", challenge("/token?own=1")}});
  });
  Session session(server, "us er", "pass-9");
  for (const char* tag : {"1", "2"}) CHECK(session.run(session.client->manifest("a", tag)).has_value());
  CHECK(session.run(session.client->manifest("b", "1")).has_value());
  std::vector<ScriptedRequest> tokens;
  for (const auto& request : server.requests()) {
    if (request.path() == "/token") tokens.push_back(request);
    else CHECK(request.header("authorization").find("Basic") == std::string::npos);
  }
  REQUIRE(tokens.size() == 2);
  CHECK(tokens[0].target == "/token?own=1&service=svc&scope=repository%3Aa%3Apull&account=us%20er");
  CHECK(tokens[0].header("authorization") == "Basic " + base64_encode(as_bytes("us er:pass-9")));
  CHECK(tokens[1].target.find("repository%3Ab%3Apull") != std::string::npos);
  CHECK(server.connections() == 1);
}

TEST_CASE("an expired token is renewed once, and a refused one ends it", "[request_loop]") {
  int issued = 0;
  bool accept = true;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"access_token":"tok-)" + std::to_string(++issued) + R"("})");
    if (accept && request.header("authorization") == "Bearer tok-" + std::to_string(issued)) return found(kManifest);
    return status(401, {{"WWW-Authenticate", challenge("/token")}}, R"({"errors":[{"code":"DENIED","message":"no tok-2 for you"}]})");
  });
  Session session(server, "u", "p");
  REQUIRE(session.run(session.client->manifest("a", "1")).has_value());
  ++issued;  // the server forgets the first token
  CHECK(session.run(session.client->manifest("a", "1")).has_value());
  CHECK(issued == 3);
  accept = false;
  auto refused = session.run(session.client->manifest("a", "1"));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code() == ErrorCode::unauthorized);
  CHECK(mentions(refused.error(), "401 Unauthorized from registry " + server.host() +
                                      " for image a:1 (as user \"u\"): the account lacks the right to pull repository a"));
  CHECK(issued == 4);
}

TEST_CASE("a given token goes as it is, then through the realm", "[request_loop]") {
  std::string wanted = "Bearer given-token";
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token" && request.method == "POST") {
      if (request.body.find("grant_type=refresh_token") == std::string::npos) return status(400);
      if (request.body.find("refresh_token=given-token") == std::string::npos) return status(401);
      return found(R"({"access_token":"exchanged"})");
    }
    if (request.header("authorization") == wanted) return found(kManifest);
    return status(401, {{"WWW-Authenticate", challenge("/token")}});
  });
  {
    Session session(server, "user", "unused-password", "given-token");
    CHECK(session.run(session.client->manifest("a", "1")).has_value());
    for (const auto& request : server.requests()) CHECK(request.path() != "/token");
  }
  wanted = "Bearer exchanged";
  Session session(server, "", "", "given-token");
  CHECK(session.run(session.client->manifest("a", "1")).has_value());
  CHECK(session.run(session.client->manifest("a", "2")).has_value());
  const auto requests = server.requests();
  CHECK(std::ranges::count_if(requests, [](const auto& r) { return r.path() == "/token"; }) == 1);
}

TEST_CASE("one token fetch serves all that wait for it", "[request_loop]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"t","expires_in":300})");
    if (request.header("authorization") == "Bearer t") return found(kManifest);
    return status(401, {{"WWW-Authenticate", challenge("/token")}});
  });
  Session session(server);
  int done = 0;
  for (int i = 0; i < 20; ++i) {
    boost::asio::co_spawn(session.io, session.client->manifest("a", std::to_string(i)), [&](std::exception_ptr, auto result) {
      if (result) ++done;
    });
  }
  session.io.run();
  CHECK(done == 20);
  const auto requests = server.requests();
  CHECK(std::ranges::count_if(requests, [](const auto& r) { return r.path() == "/token"; }) == 1);
  CHECK(server.connections() <= limits::connections_per_host);
}

TEST_CASE("credentials do not follow a redirect to another host", "[request_loop]") {
  const std::string content = "layer";
  ScriptedServer storage([&](const ScriptedRequest&) { return found(content); });
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.header("authorization").empty()) return status(401, {{"WWW-Authenticate", "Basic realm=\"x\""}});
    return status(307, {{"Location", storage.url() + "/bucket?signature=s3cr3t"}});
  });
  Session session(server, "u", "p");
  auto got = session.blob(content);
  REQUIRE(got.has_value());
  CHECK(*got == content);
  REQUIRE(storage.requests().size() == 1);
  CHECK(storage.requests()[0].header("authorization").empty());
}

TEST_CASE("redirects that lead nowhere good are refused", "[request_loop]") {
  std::string location;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (location == "more") return status(302, {{"Location", request.path() + "x?secret=s3cr3t"}});
    return status(302, {{"Location", location}});
  });
  Session session(server, "u", "p");
  for (const char* target :
       {"/v2/a/manifests/1", "more", "http://169.254.169.254/latest/meta-data", "ftp://x/", "http://u:p@127.0.0.1/", "http://["}) {
    INFO(target);
    location = target;
    auto got = session.run(session.client->manifest("a", "1"));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK_FALSE(mentions(got.error(), "s3cr3t"));
  }
}

TEST_CASE("a realm on a local address of another host gets nothing", "[request_loop]") {
  for (const char* realm : {"http://169.254.169.254/token", "https://169.254.169.254/token", "http://foreign.example/token", ""}) {
    INFO(realm);
    ScriptedServer server([&](const ScriptedRequest&) { return status(401, {{"WWW-Authenticate", challenge(realm)}}); });
    Session session(server, "u", "pass-w0rd");
    auto got = session.run(session.client->manifest("a", "1"));
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK_FALSE(mentions(got.error(), "pass-w0rd"));
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("a token service that redirects is not followed", "[request_loop]") {
  ScriptedServer other([&](const ScriptedRequest&) { return found(R"({"token":"t"})"); });
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return status(307, {{"Location", other.url() + "/token"}});
    return status(401, {{"WWW-Authenticate", challenge("/token")}});
  });
  Session session(server, "u", "p");
  CHECK(session.run(session.client->manifest("a", "1")).has_error());
  CHECK(other.requests().empty());
}

TEST_CASE("throttling and passing failures are tried again", "[request_loop]") {
  int count = 0;
  ScriptedServer server([&](const ScriptedRequest&) {
    switch (++count) {
      case 1: return status(429, {{"Retry-After", "0"}});
      case 2: return status(503, {{"Retry-After", "Sat, 21 Nov 2020 12:00:30 GMT"}});
      case 3: {
        ScriptedResponse broken = found(kManifest);
        broken.break_after = 10;
        return broken;
      }
      default: return found(kManifest);
    }
  });
  Session session(server);
  CHECK(session.run(session.client->manifest("a", "1")).has_value());
  CHECK(count == 4);
}

TEST_CASE("a long wait is handed to the caller, and an endless failure ends", "[request_loop]") {
  std::vector<std::pair<std::string, std::string>> headers{{"Retry-After", "3600"}};
  int code = 429;
  ScriptedServer server([&](const ScriptedRequest&) { return status(code, headers); });
  Session session(server);
  auto limited = session.run(session.client->manifest("a", "1"));
  REQUIRE(limited.has_error());
  CHECK(limited.error().code() == ErrorCode::rate_limited);
  CHECK(limited.error().retry_after() == std::chrono::hours(1));
  CHECK(server.requests().size() == 1);
  headers = {{"Retry-After", "0"}};
  code = 502;
  // The first session's host is held; another process knows nothing of that.
  Session other(server);
  auto broken = other.run(other.client->manifest("a", "1"));
  REQUIRE(broken.has_error());
  CHECK(broken.error().code() == ErrorCode::unavailable);
  CHECK(server.requests().size() == 1 + limits::request_attempts_max);
}

TEST_CASE("a registry that takes its time to fail gets less tries", "[request_loop]") {
  class LeapingClock final : public Clock {
   public:
    SystemTime now() const override { return SystemTime(ahead.load()); }
    SteadyTime steady_now() const override { return SteadyTime(ahead.load()); }
    std::atomic<std::chrono::seconds> ahead{std::chrono::hours(1)};
  };
  LeapingClock clock;
  int count = 0;
  ScriptedServer server([&](const ScriptedRequest&) {
    ++count;
    clock.ahead = clock.ahead.load() + std::chrono::seconds(50);
    return status(503);
  });
  boost::asio::io_context io;
  const auto client = std::make_shared<Client>(make_transport(io.get_executor(), {}), Endpoint::parse(server.host()).value(), clock);
  const auto got = run_awaitable(io, client->manifest("a", "1"));
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::unavailable);
  CHECK(count == 3);  // 115 s are spent within the third
}

TEST_CASE("a broken blob goes on where it broke off", "[request_loop]") {
  const std::string content = some_bytes(700'000);
  bool honest = true;
  ScriptedServer server([&](const ScriptedRequest& request) {
    const std::string range = request.header("range");
    ScriptedResponse out = found(content);
    if (!range.empty()) {
      const std::size_t from = std::stoul(range.substr(6));
      out = status(206, {}, content.substr(from));
      const std::size_t claimed = honest ? from : from + 1;
      out.headers.push_back({"Content-Range", "bytes " + std::to_string(claimed) + "-699999/700000"});
    }
    if (out.body.size() > 300'000) out.break_after = 100'000;
    return out;
  });
  Session session(server);
  auto got = session.blob(content);
  REQUIRE(got.has_value());
  CHECK(*got == content);
  CHECK(server.requests().size() == 5);
  honest = false;
  auto other = session.blob(content);
  REQUIRE(other.has_error());
  CHECK(other.error().code() == ErrorCode::digest_mismatch);
}

TEST_CASE("a blob that makes no progress is given up", "[request_loop]") {
  const std::string content = some_bytes(1000);
  ScriptedServer server([&](const ScriptedRequest& request) {
    ScriptedResponse out = found(content);
    if (!request.header("range").empty()) {
      const std::size_t from = std::stoul(request.header("range").substr(6));
      out = status(206, {{"Content-Range", "bytes " + std::to_string(from) + "-999/1000"}}, content.substr(from));
    }
    out.break_after = 1;
    return out;
  });
  Session session(server);
  auto got = session.blob(content);
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::unavailable);
  CHECK(server.requests().size() == 1 + limits::resume_attempts_max);
}

TEST_CASE("a blob of another size than promised is refused", "[request_loop]") {
  const std::string content = some_bytes(1000);
  bool chunked = false;
  std::string sent;
  ScriptedServer server([&](const ScriptedRequest&) {
    ScriptedResponse out = found(sent);
    out.chunked = chunked;
    out.drip_bytes = 100;
    return out;
  });
  Session session(server);
  for (const bool in_chunks : {false, true}) {
    chunked = in_chunks;
    for (const std::string& body : {content + "x", content.substr(1)}) {
      sent = body;
      auto got = session.blob(content);
      REQUIRE(got.has_error());
      CHECK(got.error().code() == ErrorCode::digest_mismatch);
    }
    sent = content;
    auto good = session.blob(content);
    REQUIRE(good.has_value());
    CHECK(*good == content);
  }
}

TEST_CASE("a pinned manifest with other bytes is a mismatch", "[request_loop]") {
  ScriptedServer server([&](const ScriptedRequest&) { return found(kManifest + " "); });
  Session session(server);
  auto got = session.run(session.client->manifest("a", Digest::sha256_of(as_bytes(kManifest)).str()));
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::digest_mismatch);
  auto tagged = session.run(session.client->manifest("a", "1"));
  REQUIRE(tagged.has_value());
  CHECK(tagged->digest == Digest::sha256_of(as_bytes(kManifest + " ")));
}

TEST_CASE("what a hostile registry echoes of a credential stays out of errors", "[request_loop]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.header("authorization").empty()) return status(401, {{"WWW-Authenticate", "Basic"}});
    return status(
        403, {},
        R"({"errors":[{"code":"DENIED","message":"you sent )" + request.header("authorization") + R"( hunter2-long \u001b[2J"}]})");
  });
  Session session(server, "u", "hunter2-long");
  auto got = session.run(session.client->manifest("a", "1"));
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::forbidden);
  CHECK(mentions(got.error(), "DENIED"));
  CHECK_FALSE(mentions(got.error(), "hunter2"));
  CHECK_FALSE(mentions(got.error(), base64_encode(as_bytes("u:hunter2-long"))));
  CHECK_FALSE(mentions(got.error(), "\x1b"));
}

TEST_CASE("an error repeats none of the tokens that its request was sent with", "[request_loop]") {
  int issued = 0;
  std::vector<std::string> seen;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"issued-token-)" + std::to_string(++issued) + R"(","expires_in":300})");
    if (!request.header("authorization").empty()) seen.push_back(request.header("authorization"));
    if (seen.size() == 1) return found(kManifest);
    if (seen.size() < 3) return status(401, {{"WWW-Authenticate", challenge("/token")}});
    return status(403, {}, R"({"errors":[{"code":"DENIED","message":"not issued-token-1 and not issued-token-2"}]})");
  });
  Session session(server);
  REQUIRE(session.run(session.client->manifest("a", "1")).has_value());
  const auto got = session.run(session.client->manifest("a", "1"));
  REQUIRE(got.has_error());
  CHECK(seen == std::vector<std::string>{"Bearer issued-token-1", "Bearer issued-token-1", "Bearer issued-token-2"});
  CHECK(mentions(got.error(), "not *** and not ***"));
}

TEST_CASE("a token that fits no header is refused", "[request_loop]") {
  std::size_t length = limits::token_text_bytes_max;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":")" + std::string(length, 'a') + R"("})");
    if (request.header("authorization").empty()) return status(401, {{"WWW-Authenticate", challenge("/token")}});
    return found(kManifest);
  });
  Session session(server);
  CHECK(session.run(session.client->manifest("a", "1")).has_value());
  ++length;
  Session other(server);
  const auto got = other.run(other.client->manifest("a", "1"));
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::malformed);
  CHECK(mentions(got.error(), "token that is too long"));
}

TEST_CASE("answers beyond their limit are refused", "[request_loop]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path().find("/manifests/") != std::string::npos) {
      auto out = found(std::string(limits::manifest_bytes_max + 1, ' '));
      out.chunked = request.path().ends_with("chunked");
      return out;
    }
    return status(200, {{"X-Large", std::string(limits::http_header_bytes_max, 'x')}}, "{}");
  });
  Session session(server);
  for (const char* tag : {"counted", "chunked"}) {
    CHECK(session.run(session.client->manifest("a", tag)).error().code() == ErrorCode::limit_exceeded);
  }
  CHECK(session.run(session.client->tags("a", "")).error().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("HEAD falls back to GET where it is not served", "[request_loop]") {
  ScriptedServer server([&](const ScriptedRequest& request) { return request.method == "HEAD" ? status(405) : found(kManifest); });
  Session session(server);
  auto head = session.run(session.client->head_manifest("a", "1"));
  REQUIRE(head.has_value());
  CHECK(head->digest == Digest::sha256_of(as_bytes(kManifest)));
  CHECK(head->size_bytes == kManifest.size());
}

TEST_CASE("names that would leave their place in the URL are not sent", "[request_loop]") {
  ScriptedServer server([&](const ScriptedRequest&) { return found(kManifest); });
  Session session(server);
  CHECK(session.run(session.client->manifest("../x", "1")).error().code() == ErrorCode::invalid_argument);
  CHECK(session.run(session.client->manifest("a", "../x")).error().code() == ErrorCode::invalid_argument);
  CHECK(session.run(session.client->tags("a?x", "")).error().code() == ErrorCode::invalid_argument);
  CHECK(server.requests().empty());
}

TEST_CASE("a port that speaks TLS answers a plain request, and the error says what to write", "[request_loop]") {
  for (const std::string body :
       {"Client sent an HTTP request to an HTTPS server.\n", "<title>400 The plain HTTP request was sent to HTTPS port</title>",
        "You're speaking plain HTTP to an SSL-enabled server port."}) {
    ScriptedServer server([&](const ScriptedRequest&) { return status(400, {}, body); });
    Session session(server);
    auto refused = session.run(session.client->manifest("a", "1"));
    REQUIRE(refused.has_error());
    CHECK(mentions(refused.error(), "it speaks TLS: write https:// before the host"));
  }
  ScriptedServer server([&](const ScriptedRequest&) { return status(400, {}, "malformed name"); });
  Session session(server);
  auto refused = session.run(session.client->manifest("a", "1"));
  REQUIRE(refused.has_error());
  CHECK_FALSE(mentions(refused.error(), "https://"));
}
