// SPDX-License-Identifier: Apache-2.0
// Azure Container Registry: the documented sequence from a service principal to a registry token.
#include "registry/auth/azure_login.hpp"

#include "core/base/limits.hpp"
#include "tests/registry/support/auth_session.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

constexpr const char* kHost = "shop.azurecr.io";
constexpr const char* kTenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";

Credentials principal() {
  Credentials out;
  out.kind = Credentials::Kind::azure;
  out.azure_tenant_id = kTenant;
  out.azure_client_id = "client-1";
  out.azure_client_secret = Secret("se~cret/+");
  return out;
}

/// Microsoft Entra ID, the registry's token service and the registry in one.
struct Cloud {
  ScriptedResponse operator()(const ScriptedRequest& request) {
    if (request.path() == "/" + std::string(kTenant) + "/oauth2/v2.0/token") {
      if (login_failure.status != 200) return login_failure;
      return found(R"({"token_type":"Bearer","expires_in":3599,"access_token":"aad-token"})");
    }
    if (request.path() == "/oauth2/exchange") {
      if (!contains(request.body, "&access_token=aad-token")) return answer(401);
      return found(R"({"refresh_token":"refresh-)" + std::to_string(++exchanged) + "\"}");
    }
    if (request.path() == "/oauth2/token") {
      const bool valid = !forgets && contains(request.body, "&refresh_token=refresh-" + std::to_string(exchanged));
      forgets = false;
      return valid ? found(R"({"access_token":"registry-token"})")
                   : answer(401, {}, R"({"errors":[{"code":"UNAUTHORIZED","message":"no"}]})");
    }
    if (request.header("authorization") == "Bearer registry-token") return content(request);
    return answer(401, {{"WWW-Authenticate",
                         "Bearer realm=\"https://" + host + "/oauth2/token\",service=\"" + host + "\",scope=\"registry:catalog:*\""}});
  }
  std::string host = kHost;
  int exchanged = 0;
  bool forgets = false;
  ScriptedResponse login_failure;
};

std::map<std::string, std::string> routes(const ScriptedServer& server, const std::string& host = kHost,
                                          const std::string& login = "login.microsoftonline.com") {
  return {{"https://" + host, server.url()}, {"https://" + login, server.url()}};
}

}  // namespace

TEST_CASE("Azure ACR: an access token is exchanged for a refresh token, and that for registry tokens", "[azure]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, principal(), routes(server));
  REQUIRE(session.catalog().has_value());
  REQUIRE(session.manifest("a").has_value());
  const auto requests = server.requests();
  REQUIRE(requests.size() == 7);
  CHECK(requests[0].header("authorization").empty());
  CHECK(requests[1].header("x-original-host") == "login.microsoftonline.com");
  CHECK(requests[1].method == "POST");
  CHECK(requests[1].body ==
        "grant_type=client_credentials&client_id=client-1&client_secret=se~cret%2F%2B&scope=https%3A%2F%2Fcontainerregistry.azure.net%2F."
        "default");
  CHECK(requests[2].target == "/oauth2/exchange");
  CHECK(requests[2].header("x-original-host") == kHost);
  CHECK(requests[2].body == "grant_type=access_token&service=shop.azurecr.io&tenant=" + std::string(kTenant) + "&access_token=aad-token");
  CHECK(requests[3].target == "/oauth2/token");
  CHECK(requests[3].method == "POST");
  CHECK(requests[3].body ==
        "grant_type=refresh_token&service=shop.azurecr.io&client_id=landwaiter&scope=registry%3Acatalog%3A%2A&refresh_token=refresh-1");
  CHECK(contains(requests[5].body, "&scope=repository%3Aa%3Apull&"));
  CHECK(cloud.exchanged == 1);
}

TEST_CASE("Azure ACR: the login is docker's form, a name of zeros with the refresh token", "[azure]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, principal(), routes(server));
  auto login = session.run(session.client->login(false));
  REQUIRE(login.has_value());
  CHECK(login->username == "00000000-0000-0000-0000-000000000000");
  CHECK(login->token.equals("refresh-1"));
  CHECK(login->password.empty());
}

TEST_CASE("Azure ACR: government and China have their own services", "[azure]") {
  for (const auto& [host, login, scope] : {std::tuple("shop.azurecr.us", "login.microsoftonline.us", "management.usgovcloudapi.net"),
                                           std::tuple("shop.azurecr.cn", "login.chinacloudapi.cn", "management.chinacloudapi.cn")}) {
    INFO(host);
    Cloud cloud;
    cloud.host = host;
    ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
    AuthSession session(host, principal(), routes(server, host, login));
    CHECK(session.catalog().has_value());
    CHECK(contains(server.requests().at(1).body, "&scope=https%3A%2F%2F" + std::string(scope) + "%2F.default"));
    CHECK_FALSE(session.asked("login.microsoftonline.com"));
  }
}

TEST_CASE("Azure ACR: a refresh token is renewed before its three hours end, or when it is refused", "[azure]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, principal(), routes(server));
  REQUIRE(session.catalog().has_value());
  session.clock.advance(std::chrono::minutes(165));
  REQUIRE(session.catalog().has_value());
  CHECK(cloud.exchanged == 1);
  session.clock.advance(std::chrono::minutes(6));
  REQUIRE(session.catalog().has_value());
  CHECK(cloud.exchanged == 2);
  session.clock.advance(std::chrono::minutes(2));
  cloud.forgets = true;
  // The refusal is first taken as "knows no refresh tokens": the same token as password is refused too, then it is renewed.
  CHECK(session.catalog().has_value());
  CHECK(cloud.exchanged == 3);
}

TEST_CASE("CVE-2024-35192: an Azure secret is not offered to hosts that only look like ACR's", "[azure][auth_security]") {
  for (const char* host : {"shop.azurecr.io.evil.example", "evilazurecr.io", "azurecr.io", "a.b.azurecr.io", "shop.azurecr.com",
                           "shop.azurecr.io:8443", "shop-azurecr.io"}) {
    INFO(host);
    CHECK_FALSE(is_acr_host(host));
    Cloud cloud;
    ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
    AuthSession session(host, principal(), {{"https://" + std::string(host), server.url()}});
    cloud.host = host;
    auto got = session.catalog();
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::invalid_argument);
    CHECK(session.transport->urls().size() == 1);
  }
  for (const char* tenant : {"../x", "a/b", "a?b", ".", "a b", "a#"}) {
    INFO(tenant);
    Cloud cloud;
    ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
    Credentials credentials = principal();
    credentials.azure_tenant_id = tenant;
    AuthSession session(kHost, credentials, routes(server));
    CHECK(mentions(session.catalog().error(), "not an Azure tenant"));
    CHECK_FALSE(session.asked("login."));
  }
}

TEST_CASE("Azure: refusals say what Microsoft says and hold no secret, even if it is echoed", "[azure][auth_security]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, principal(), routes(server));
  for (const int status : {400, 401}) {
    cloud.login_failure = answer(status, {},
                                 R"({"error":"invalid_client","error_description":)"
                                 R"("AADSTS7000215: Invalid client secret se~cret/+ or se~cret%2F%2B provided."})");
    auto got = session.catalog();
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::unauthorized);
    CHECK(mentions(got.error(), "(as Azure service principal \"client-1\"): check the service principal and its secret"));
    CHECK(mentions(got.error(),
                   "from login.microsoftonline.com for the token of the Azure service principal: "
                   "\"invalid_client: AADSTS7000215: Invalid client secret *** or *** provided.\""));
  }
}
