// SPDX-License-Identifier: Apache-2.0
// What hostile registries, realms and token services have been found to do with clients' credentials.
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "registry/auth/auth.hpp"
#include "tests/registry/support/auth_session.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/test_authority.hpp"

#include <functional>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

constexpr const char* kRegistry = "https://registry.example";

/// Notes which URLs were to be checked for local addresses at connect, and sends on.
class NotingTransport final : public Transport {
 public:
  explicit NotingTransport(std::shared_ptr<Transport> inner) : inner_(std::move(inner)) {}
  Awaitable<std::unique_ptr<HttpResponse>> send(HttpRequest request) override {
    if (request.foreign_host) guarded.push_back(request.url);
    else free.push_back(request.url);
    auto op = inner_->send(std::move(request));
    co_return co_await std::move(op);
  }
  std::vector<std::string> guarded;
  std::vector<std::string> free;

 private:
  std::shared_ptr<Transport> inner_;
};

Result<std::unique_ptr<BlobReader>> open_some_blob(AuthSession& session) {
  Descriptor descriptor;
  descriptor.digest = Digest::sha256_of(as_bytes("layer"));
  descriptor.size_bytes = 5;
  return session.run(session.client->open_blob("a", descriptor));
}

}  // namespace

TEST_CASE("CVE-2020-15157: a foreign layer host that answers 401 with a realm gets no credentials", "[auth_security]") {
  ScriptedServer evil([](const ScriptedRequest&) { return found(R"({"token":"t"})"); });
  ScriptedServer storage([&](const ScriptedRequest&) { return challenged(evil.url() + "/token"); });
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.header("authorization").empty()) return answer(401, {{"WWW-Authenticate", "Basic"}});
    return answer(307, {{"Location", storage.url() + "/layer"}});
  });
  AuthSession session(server.host(), user());
  auto got = open_some_blob(session);
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::unauthorized);
  CHECK(mentions(got.error(), "redirected to " + storage.url()));
  REQUIRE(storage.requests().size() == 1);
  CHECK(storage.requests()[0].header("authorization").empty());
  CHECK(evil.requests().empty());
}

TEST_CASE("GHSA-9m43-p3cx-w8j5: a realm that is a downgrade to http or a local address is not asked", "[auth_security]") {
  for (const char* realm : {"http://registry.example:8080/token", "http://auth.example/token", "http://169.254.169.254/token",
                            "https://169.254.169.254/token", "https://[fe80::1]/token", "https://[::ffff:169.254.169.254]/token",
                            "https://127.0.0.1/token", "https://localhost/token", "https://x.localhost/token", "https://0.0.0.0/token",
                            "https://[::]/token", "https://[::1]/token", "ftp://auth.example/token", "https://u:p@auth.example/token"}) {
    INFO(realm);
    ScriptedServer server([&](const ScriptedRequest&) { return challenged(realm); });
    AuthSession session("registry.example", user(), {{kRegistry, server.url()}});
    auto got = session.catalog();
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK_FALSE(mentions(got.error(), "pass-w0rd"));
    CHECK(session.transport->urls().size() == 1);
  }
}

TEST_CASE("Nexus: the http realm of an https registry's own host is asked by https", "[auth_security]") {
  for (const char* realm : {"http://registry.example/token", "http://registry.example:443/token"}) {
    ScriptedServer server([&](const ScriptedRequest& request) {
      if (request.path() == "/token") return found(R"({"token":"t"})");
      return request.header("authorization") == "Bearer t" ? content(request) : challenged(realm);
    });
    AuthSession session("registry.example", user(), {{kRegistry, server.url()}});
    CHECK(session.catalog().has_value());
    CHECK_FALSE(session.asked("http://"));
  }
}

TEST_CASE("GHSA-xf85-363p-868w: a realm on a foreign host must be https, and its address is checked at connect", "[auth_security]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"t"})");
    return request.header("authorization") == "Bearer t" ? content(request) : challenged("https://auth.example/token");
  });
  boost::asio::io_context io;
  FakeClock clock;
  auto routed = make_routed(make_transport(io.get_executor(), {}), {{kRegistry, server.url()}, {"https://auth.example", server.url()}});
  auto noting = std::make_shared<NotingTransport>(routed);
  Endpoint endpoint = Endpoint::parse("registry.example").value();
  endpoint.credentials = user();
  auto client = std::make_shared<Client>(noting, endpoint, clock);
  CHECK(run_awaitable(io, client->catalog("")).has_value());
  REQUIRE(noting->guarded.size() == 1);
  CHECK(noting->guarded[0].starts_with("https://auth.example/token?"));
  CHECK(noting->free.size() == 2);
}

TEST_CASE("realm: private networks are allowed, since companies have their registries there", "[auth_security]") {
  for (const char* realm : {"https://10.1.2.3", "https://172.16.0.9:8443", "https://192.168.1.1", "https://[fd00::5]"}) {
    INFO(realm);
    ScriptedServer server([&](const ScriptedRequest& request) {
      if (request.path() == "/token") return found(R"({"token":"t"})");
      return request.header("authorization") == "Bearer t" ? content(request) : challenged(std::string(realm) + "/token");
    });
    AuthSession session("registry.example", user(), {{kRegistry, server.url()}, {realm, server.url()}});
    CHECK(session.catalog().has_value());
    CHECK(with_path(server, "/token").size() == 1);
  }
}

TEST_CASE("go-containerregistry 2292: a token service that redirects to a metadata address is not followed", "[auth_security]") {
  for (const bool by_post : {false, true}) {
    for (const char* location : {"http://169.254.169.254/latest/meta-data", "https://other.example/token", "/token2"}) {
      INFO(location << by_post);
      ScriptedServer server([&](const ScriptedRequest& request) {
        return request.path() == "/token" ? answer(307, {{"Location", location}}) : challenged("/token");
      });
      AuthSession session("registry.example", by_post ? token("identity") : user(), {{kRegistry, server.url()}});
      auto got = session.catalog();
      REQUIRE(got.has_error());
      CHECK(mentions(got.error(), "redirects that carry credentials are not followed"));
      CHECK_FALSE(session.asked("169.254"));
      CHECK_FALSE(session.asked("other.example"));
      CHECK_FALSE(session.asked("token2"));
    }
  }
}

TEST_CASE("go-containerregistry 2349: a bearer token does not come back after a redirect to another host", "[auth_security]") {
  ScriptedServer* home = nullptr;
  ScriptedServer storage([&](const ScriptedRequest&) { return answer(307, {{"Location", home->url() + "/v2/a/blobs/back"}}); });
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"t"})");
    if (request.path().ends_with("/back")) return found("layer");
    if (request.header("authorization") != "Bearer t") return challenged("/token");
    return answer(307, {{"Location", storage.url() + "/layer"}});
  });
  home = &server;
  AuthSession session(server.host(), user());
  CHECK(open_some_blob(session).has_value());
  REQUIRE(storage.requests().size() == 1);
  CHECK(storage.requests()[0].header("authorization").empty());
  REQUIRE(with_path(server, "/v2/a/blobs/back").size() == 1);
  CHECK(with_path(server, "/v2/a/blobs/back")[0].header("authorization").empty());
}

TEST_CASE("CVE-2020-1702: a token answer beyond 128 KiB is refused, and of a large error nothing is repeated", "[auth_security]") {
  int status = 200;
  std::string body = R"({"token":")" + std::string(limits::token_bytes_max, 't') + R"("})";
  ScriptedServer server(
      [&](const ScriptedRequest& request) { return request.path() == "/token" ? answer(status, {}, body) : challenged("/token"); });
  AuthSession session(server.host(), user());
  auto large = session.catalog();
  REQUIRE(large.has_error());
  CHECK(large.error().code() == ErrorCode::limit_exceeded);
  status = 403;
  body = R"({"message":")" + std::string(limits::error_body_bytes_max, 'e') + R"("})";
  auto refused = session.catalog();
  REQUIRE(refused.has_error());
  CHECK(refused.error().code() == ErrorCode::forbidden);
  CHECK_FALSE(mentions(refused.error(), "eeee"));
}

TEST_CASE("token answers that are none end with an error that repeats nothing of them", "[auth_security]") {
  for (const char* body :
       {"", "s3cr3t", "[]", R"({"token":5})", R"({"token":""})", R"({"access_token":"s3cr3t\r\nX: y"})", R"({"token":"s3cr3t \u00e4"})"}) {
    INFO(body);
    ScriptedServer server([&](const ScriptedRequest& request) { return request.path() == "/token" ? found(body) : challenged("/token"); });
    AuthSession session(server.host(), user());
    auto got = session.catalog();
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK_FALSE(mentions(got.error(), "s3cr3t"));
  }
}

TEST_CASE("secrets that a token service or a registry echoes, whole or at the edge of what is quoted, stay out of errors",
          "[auth_security]") {
  const std::string password = "hunter2-is-long-enough-to-be-cut";
  for (const std::string& form : {password, base64_encode(as_bytes("u:" + password))}) {
    for (const std::size_t before : {std::size_t(0), std::size_t(170), std::size_t(190)}) {
      for (const int status : {401, 403, 500}) {
        INFO(form << before << status);
        const std::string body = R"({"errors":[{"code":"D","message":")" + std::string(before, '.') + form + R"("}]})";
        bool realm_speaks = true;
        ScriptedServer server([&](const ScriptedRequest& request) {
          if (request.path() == "/token")
            return realm_speaks ? answer(status, {{"Retry-After", "999"}}, body) : found(R"({"token":"tok-of-the-realm"})");
          return request.header("authorization").empty() ? challenged("/token") : answer(status, {{"Retry-After", "999"}}, body);
        });
        for (const bool realm : {true, false}) {
          realm_speaks = realm;
          AuthSession session(server.host(), user("u", password));
          auto got = session.catalog();
          REQUIRE(got.has_error());
          CHECK_FALSE(mentions(got.error(), form.substr(0, 8)));
        }
      }
    }
  }
}

TEST_CASE("a token of the realm that the registry echoes stays out of errors", "[auth_security]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"tok-of-the-realm"})");
    if (request.header("authorization").empty()) return challenged("/token");
    return answer(403, {}, R"({"message":"no right by tok-of-the-realm"})");
  });
  AuthSession session(server.host(), user());
  auto got = session.catalog();
  REQUIRE(got.has_error());
  CHECK(mentions(got.error(), "no right by ***"));
}

namespace {

/// A registry on 127.0.0.1 whose TLS the user does not want verified, and another host, "localhost", with anybody's certificate.
struct UnverifiedSession {
  explicit UnverifiedSession(std::function<ScriptedResponse(const ScriptedRequest&, const std::string& other)> registry)
      : other([](const ScriptedRequest&) { return found(R"({"token":"t"})"); }, tls_of("localhost")),
        server([this, registry](const ScriptedRequest& request) { return registry(request, other.url("localhost")); },
               tls_of("127.0.0.1")) {
    Endpoint endpoint = Endpoint::parse(server.url()).value();
    endpoint.credentials = user();
    endpoint.tls_verify = false;
    client = std::make_shared<Client>(make_transport(io.get_executor(), {}), std::move(endpoint), clock);
  }
  ScriptedServerOptions tls_of(const std::string& name) const {
    ScriptedServerOptions out;
    const CertificateFiles files = authority.issue({name});
    out.certificate = files.certificate;
    out.key = files.key;
    return out;
  }
  void check_untouched(const Error& error) const {
    INFO(error.message());
    CHECK(error.code() == ErrorCode::tls);
    CHECK(mentions(error, "--ca-file"));
    CHECK(mentions(error, "is only for " + server.url() + " itself"));
    CHECK(other.requests().empty());
  }

  TestAuthority authority;
  boost::asio::io_context io;
  FakeClock clock;
  ScriptedServer other;
  ScriptedServer server;
  std::shared_ptr<Client> client;
};

}  // namespace

TEST_CASE("a registry whose TLS goes unverified takes no other host along: its token realm", "[auth_security]") {
  UnverifiedSession session([](const ScriptedRequest&, const std::string& other) { return challenged(other + "/token"); });
  auto got = run_awaitable(session.io, session.client->catalog(""));
  REQUIRE(got.has_error());
  session.check_untouched(got.error());
  CHECK(session.server.requests().size() == 1);
}

TEST_CASE("a registry whose TLS goes unverified takes no other host along: a redirect", "[auth_security]") {
  UnverifiedSession session([](const ScriptedRequest&, const std::string& other) { return answer(307, {{"Location", other + "/layer"}}); });
  Descriptor descriptor;
  descriptor.digest = Digest::sha256_of(as_bytes("layer"));
  descriptor.size_bytes = 5;
  auto got = run_awaitable(session.io, session.client->open_blob("a", descriptor));
  REQUIRE(got.has_error());
  session.check_untouched(got.error());
}

TEST_CASE("a registry whose TLS goes unverified is read, with its own realm", "[auth_security]") {
  UnverifiedSession session([](const ScriptedRequest& request, const std::string&) {
    if (request.path() == "/token") return found(R"({"token":"t"})");
    return request.header("authorization").empty() ? challenged("/token") : content(request);
  });
  CHECK(run_awaitable(session.io, session.client->catalog("")).has_value());
  CHECK(session.other.requests().empty());
}
