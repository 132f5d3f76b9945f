// SPDX-License-Identifier: Apache-2.0
// Challenges and Bearer tokens, as registries are known to give them.
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "tests/registry/support/auth_session.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

std::string basic(const std::string& text) { return "Basic " + base64_encode(as_bytes(text)); }

/// Issues "t1", "t2", ... at /token and takes the last one.
struct Issuer {
  ScriptedResponse operator()(const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"t)" + std::to_string(++issued) + '"' + fields + '}');
    if (request.header("authorization") == "Bearer t" + std::to_string(issued) && issued > 0) return content(request);
    return challenged("/token");
  }
  int issued = 0;
  std::string fields;  ///< further ones of the answer
};

}  // namespace

TEST_CASE("challenges: several in a header, any case of names, schemes that are not known", "[auth]") {
  for (const char* header : {R"(Negotiate, NTLM, BEARER REALM="/token", Service="svc")",
                             R"(Digest realm="x, Bearer", nonce="a=b", bearer realm="/token",service=svc)",
                             R"(Basic realm="x", Bearer realm="/to\ken",service="svc")",
                             R"(Bearer error="invalid_token", Bearer service="svc" , realm="/token")"}) {
    INFO(header);
    ScriptedServer server([&](const ScriptedRequest& request) {
      if (request.path() == "/token") return found(R"({"token":"t"})");
      return request.header("authorization") == "Bearer t" ? content(request) : answer(401, {{"WWW-Authenticate", header}});
    });
    AuthSession session(server.host(), user());
    CHECK(session.manifest("a").has_value());
    const auto tokens = with_path(server, "/token");
    REQUIRE(tokens.size() == 1);
    CHECK(tokens[0].target == "/token?service=svc&scope=repository%3Aa%3Apull&account=u");
    CHECK(tokens[0].header("authorization") == basic("u:pass-w0rd"));
  }
}

TEST_CASE("challenges: a relative realm is one of where it was read, also for later requests", "[auth]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/v2/a/manifests/token") return found(R"({"token":"t"})");
    return request.header("authorization") == "Bearer t" ? content(request) : challenged("token");
  });
  AuthSession session(server.host(), user());
  CHECK(session.manifest("a").has_value());
  CHECK(session.manifest("b").has_value());
  CHECK(with_path(server, "/v2/a/manifests/token").size() == 2);
}

TEST_CASE("challenges: only unknown schemes end in an error that says so", "[auth]") {
  ScriptedServer server([](const ScriptedRequest&) { return answer(401, {{"WWW-Authenticate", "Negotiate"}}); });
  AuthSession session(server.host(), user());
  auto got = session.catalog();
  REQUIRE(got.has_error());
  CHECK(mentions(got.error(), "an authentication scheme that is not supported"));
}

TEST_CASE("gcr.io: a 401 without a challenge is answered by that of /v2/, which is remembered", "[auth]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"t"})");
    if (request.header("authorization") == "Bearer t") return content(request);
    return request.path() == "/v2/" ? challenged("/token") : answer(401);
  });
  AuthSession session(server.host(), user());
  CHECK(session.manifest("a").has_value());
  CHECK(session.manifest("b").has_value());
  CHECK(with_path(server, "/v2/").size() == 1);
  CHECK(with_path(server, "/v2/").front().header("authorization").empty());
}

TEST_CASE("token GET: OpenShift's challenge names no service, Harbor's robots hold a $", "[auth]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/openshift/token") return found(R"({"token":"","access_token":"t"})");
    if (request.header("authorization") == "Bearer t") return content(request);
    return answer(401, {{"WWW-Authenticate", "Bearer realm=\"/openshift/token\""}});
  });
  AuthSession session(server.host(), user("robot$ci+x"));
  CHECK(session.catalog().has_value());
  const auto tokens = with_path(server, "/openshift/token");
  REQUIRE(tokens.size() == 1);
  CHECK(tokens[0].target == "/openshift/token?scope=registry%3Acatalog%3A%2A&account=robot%24ci%2Bx");
  CHECK(tokens[0].header("authorization") == basic("robot$ci+x:pass-w0rd"));
}

TEST_CASE("token GET: without a login nothing is sent but service and scope", "[auth]") {
  Issuer issuer;
  ScriptedServer server([&](const ScriptedRequest& request) { return issuer(request); });
  AuthSession session(server.host(), Credentials());
  CHECK(session.manifest("a").has_value());
  const auto tokens = with_path(server, "/token");
  REQUIRE(tokens.size() == 1);
  CHECK(tokens[0].target == "/token?service=svc&scope=repository%3Aa%3Apull");
  CHECK(tokens[0].header("authorization").empty());
}

TEST_CASE("OAuth2 POST: falls back to GET on 404 (GCR), 401 (Artifactory), 400 (ACR) and 405, and on nothing else", "[auth]") {
  for (const int status : {404, 401, 400, 405, 403, 500}) {
    INFO(status);
    const bool falls_back = status < 403 || status == 404 || status == 405;
    ScriptedServer server([&](const ScriptedRequest& request) {
      if (request.path() == "/token" && request.method == "POST") return answer(status, {{"Retry-After", "3600"}});
      if (request.path() == "/token") return found(R"({"token":"t"})");
      return request.header("authorization") == "Bearer t" ? content(request) : challenged("/token");
    });
    AuthSession session(server.host(), token("identity"));
    CHECK(session.manifest("a").has_value() == falls_back);
    const auto tokens = with_path(server, "/token");
    REQUIRE(tokens.size() == (falls_back ? 2 : 1));
    CHECK(tokens[0].body == "grant_type=refresh_token&service=svc&client_id=landwaiter&scope=repository%3Aa%3Apull&refresh_token=identity");
    CHECK(tokens[0].header("authorization").empty());
    if (falls_back) CHECK(tokens[1].header("authorization") == basic("<token>:identity"));
  }
}

TEST_CASE("OAuth2 POST: with grant_type=password where GET is not served", "[auth]") {
  for (const int status : {404, 405, 400}) {
    INFO(status);
    ScriptedServer server([&](const ScriptedRequest& request) {
      if (request.path() == "/token" && request.method == "GET") return answer(status);
      if (request.path() == "/token") return found(R"({"access_token":"t"})");
      return request.header("authorization") == "Bearer t" ? content(request) : challenged("/token");
    });
    AuthSession session(server.host(), user("u", "p&w"));
    CHECK(session.manifest("a").has_value() == (status != 400));
    const auto tokens = with_path(server, "/token");
    REQUIRE(tokens.size() == (status == 400 ? 1 : 2));
    if (status == 400) continue;
    CHECK(tokens[1].body == "grant_type=password&service=svc&client_id=landwaiter&scope=repository%3Aa%3Apull&username=u&password=p%26w");
  }
}

TEST_CASE("expiry: a token without one is kept for 60 s, renewed a little before, and never kept forever", "[auth]") {
  for (const char* fields : {"", R"(,"expires_in":0)", R"(,"expires_in":-1)", R"(,"expires_in":5)", R"(,"expires_in":"x")"}) {
    INFO(fields);
    Issuer issuer;
    issuer.fields = fields;
    ScriptedServer server([&](const ScriptedRequest& request) { return issuer(request); });
    AuthSession session(server.host(), user());
    REQUIRE(session.manifest("a").has_value());
    session.clock.advance(limits::token_lifetime_min - limits::token_early - std::chrono::seconds(1));
    REQUIRE(session.manifest("a").has_value());
    CHECK(issuer.issued == 1);
    session.clock.advance(std::chrono::seconds(2));
    REQUIRE(session.manifest("a").has_value());
    CHECK(issuer.issued == 2);
  }
}

TEST_CASE("expiry: a machine whose clock is hours off keeps tokens as long as they live", "[auth]") {
  Issuer issuer;
  issuer.fields = R"(,"expires_in":300,"issued_at":"2015-08-30T20:00:00Z")";
  ScriptedServer server([&](const ScriptedRequest& request) {
    auto out = issuer(request);
    out.headers.push_back({"Date", "Sun, 30 Aug 2015 20:00:00 GMT"});
    return out;
  });
  AuthSession session(server.host(), user());
  REQUIRE(session.manifest("a").has_value());
  session.clock.advance(std::chrono::seconds(280));
  REQUIRE(session.manifest("a").has_value());
  CHECK(issuer.issued == 1);
  session.clock.advance(std::chrono::seconds(15));
  REQUIRE(session.manifest("a").has_value());
  CHECK(issuer.issued == 2);
}

TEST_CASE("scopes: one in each token request, however many repositories a walk sees", "[auth]") {
  Issuer issuer;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"t","expires_in":3600})");
    return request.header("authorization") == "Bearer t" ? content(request)
                                                         : challenged("/token", R"(,scope="repository:other:pull repository:more:pull")");
  });
  AuthSession session(server.host(), user());
  const std::size_t count = limits::tokens_cached_max + 20;
  for (std::size_t i = 0; i < count; ++i) REQUIRE(session.manifest("walk/r" + std::to_string(i)).has_value());
  const auto tokens = with_path(server, "/token");
  REQUIRE(tokens.size() == count);
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(tokens[i].target == "/token?service=svc&scope=repository%3Awalk%2Fr" + std::to_string(i) + "%3Apull&account=u");
  }
}

TEST_CASE("scopes: repository:<name>:pull for tags and manifests, registry:catalog:* for the catalog", "[auth]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") return found(R"({"token":"t"})");
    return request.header("authorization") == "Bearer t" ? content(request) : challenged("/token");
  });
  AuthSession session(server.host(), user());
  CHECK(session.catalog().has_value());
  CHECK(session.run(session.client->tags("a/b", "")).has_value());
  CHECK(session.manifest("a/b").has_value());
  const auto tokens = with_path(server, "/token");
  REQUIRE(tokens.size() == 2);
  CHECK(contains(tokens[0].target, "&scope=registry%3Acatalog%3A%2A&"));
  CHECK(contains(tokens[1].target, "&scope=repository%3Aa%2Fb%3Apull&"));
}

TEST_CASE("401 limits: a kept token is renewed once, a new one that is refused ends it", "[auth]") {
  Issuer issuer;
  bool accept = true;
  issuer.fields = R"(,"expires_in":3600)";
  ScriptedServer server(
      [&](const ScriptedRequest& request) { return accept || request.path() == "/token" ? issuer(request) : challenged("/token"); });
  AuthSession session(server.host(), user());
  REQUIRE(session.manifest("a").has_value());
  accept = false;
  const std::size_t before = server.requests().size();
  auto refused = session.manifest("a");
  REQUIRE(refused.has_error());
  // The kept token, the realm, the new token.
  CHECK(server.requests().size() == before + 3);
  CHECK(issuer.issued == 2);
}

TEST_CASE("401 limits: insufficient_scope is answered once, with the registry's scope for the same repository", "[auth]") {
  std::string wanted = "repository:a:pull,metadata_read,push";
  std::string accepted = "metadata_read";
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token")
      return found(R"({"token":")" + std::string(contains(request.target, accepted) ? "good" : "small") + R"("})");
    if (request.header("authorization") == "Bearer good") return content(request);
    return challenged("/token", ",scope=\"" + wanted + "\",error=\"insufficient_scope\"");
  });
  {
    AuthSession session(server.host(), user());
    CHECK(session.manifest("a").has_value());
    auto tokens = with_path(server, "/token");
    REQUIRE(tokens.size() == 2);
    CHECK(contains(tokens[0].target, "&scope=repository%3Aa%3Apull&"));
    CHECK(contains(tokens[1].target, "&scope=repository%3Aa%3Apull%2Cmetadata_read&"));
    // The next request of that repository knows.
    const std::size_t before = server.requests().size();
    CHECK(session.manifest("a").has_value());
    CHECK(server.requests().size() == before + 1);
  }
  accepted = "nothing is enough";
  const std::size_t before = with_path(server, "/token").size();
  AuthSession session(server.host(), user());
  CHECK(session.manifest("a").has_error());
  CHECK(with_path(server, "/token").size() == before + 2);
}

TEST_CASE("401 limits: no token is asked for writing, nor for another repository, whatever a challenge says", "[auth]") {
  for (const char* scope : {"repository:a:pull,push", "repository:a:delete", "repository:a:*", "repository:b:pull,metadata_read",
                            "registry:catalog:*", "repository:a:pull", ""}) {
    INFO(scope);
    ScriptedServer server([&](const ScriptedRequest& request) {
      if (request.path() == "/token") return found(R"({"token":"t"})");
      return challenged("/token", ",scope=\"" + std::string(scope) + "\",error=\"insufficient_scope\"");
    });
    AuthSession session(server.host(), user());
    auto got = session.manifest("a");
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::unauthorized);
    const auto tokens = with_path(server, "/token");
    REQUIRE(tokens.size() == 1);
    CHECK(contains(tokens[0].target, "&scope=repository%3Aa%3Apull&"));
  }
}

TEST_CASE("401 limits: a Basic login that is refused is not sent again", "[auth]") {
  ScriptedServer server([](const ScriptedRequest&) { return answer(401, {{"WWW-Authenticate", "Basic realm=\"r\""}}); });
  AuthSession session(server.host(), user());
  auto got = session.manifest("team/app");
  REQUIRE(got.has_error());
  CHECK(server.requests().size() == 2);
  CHECK(mentions(
      got.error(),
      "401 Unauthorized from registry " + server.host() +
          " for image team/app:1 (as user \"u\"): check the username, password or token; it needs the right to pull repository team/app"));
}

TEST_CASE("401 text: names the registry, the account and the right that is missing", "[auth]") {
  bool realm_refuses = false;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() != "/token") return challenged("/token");
    if (!realm_refuses) return found(R"({"token":"t"})");
    return answer(401, {}, R"({"errors":[{"code":"UNAUTHORIZED","message":"incorrect pass-w0rd"}]})");
  });
  const std::string registry = "401 Unauthorized from registry " + server.host() + " for ";
  AuthSession named(server.host(), user("x"));
  CHECK(mentions(named.catalog().error(), registry + "the catalog (as user \"x\"): the account lacks the right to list the catalog"));
  CHECK(mentions(named.manifest("a/b").error(),
                 registry + "image a/b:1 (as user \"x\"): the account lacks the right to pull repository a/b"));
  AuthSession anonymous(server.host(), Credentials());
  CHECK(mentions(anonymous.catalog().error(), "(anonymously): the right to list the catalog may need a username and password, or a token"));
  realm_refuses = true;
  AuthSession wrong(server.host(), user("y"));
  auto refused = wrong.catalog();
  REQUIRE(refused.has_error());
  CHECK(refused.error().code() == ErrorCode::unauthorized);
  CHECK(mentions(refused.error(),
                 "(as user \"y\"): check the username, password or token; it needs the right to list the catalog; the token service "));
  CHECK(mentions(refused.error(), "answered 401 Unauthorized: \"UNAUTHORIZED: incorrect ***\""));
}

TEST_CASE("mid-walk: a token that expires, or that the registry forgets, between pages of a listing is replaced", "[auth]") {
  for (const bool by_clock : {true, false}) {
    INFO(by_clock);
    int issued = 0;
    int used = 0;
    ScriptedServer server([&](const ScriptedRequest& request) {
      if (request.path() == "/token") {
        used = 0;
        return found(R"({"token":"t)" + std::to_string(++issued) + R"(","expires_in":100})");
      }
      const bool valid = request.header("authorization") == "Bearer t" + std::to_string(issued) && (by_clock || used++ < 2);
      if (issued == 0 || !valid) return challenged("/token");
      const std::size_t last = request.target.find("last=");
      const int page = last == std::string::npos ? 0 : std::stoi(request.target.substr(last + 5));
      auto out = found(R"({"repositories":["r)" + std::to_string(page) + R"("]})");
      if (page < 5) out.headers.push_back({"Link", "</v2/_catalog?last=" + std::to_string(page + 1) + ">; rel=\"next\""});
      return out;
    });
    AuthSession session(server.host(), user());
    std::vector<std::string> names;
    std::string cursor;
    do {
      auto page = session.run(session.client->catalog(cursor));
      REQUIRE(page.has_value());
      std::ranges::move(page->names.strings(), std::back_inserter(names));
      cursor = page->next;
      if (by_clock) session.clock.advance(std::chrono::seconds(50));
    } while (!cursor.empty());
    CHECK(names == std::vector<std::string>{"r0", "r1", "r2", "r3", "r4", "r5"});
    CHECK(issued == 3);
  }
}

TEST_CASE("Google: _json_key and _json_key_base64 with a key are a plain Basic login", "[auth]") {
  for (const char* name : {"_json_key", "_json_key_base64", "_token"}) {
    Issuer issuer;
    ScriptedServer server([&](const ScriptedRequest& request) { return issuer(request); });
    AuthSession session(server.host(), user(name, R"({"type": "service_account"})"));
    CHECK(session.manifest("a").has_value());
    CHECK(with_path(server, "/token").at(0).header("authorization") == basic(std::string(name) + R"(:{"type": "service_account"})"));
  }
}
