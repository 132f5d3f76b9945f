// SPDX-License-Identifier: Apache-2.0
// Google's registries: the assertion is verified with the openssl program.
#include "registry/auth/google_login.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "tests/registry/support/auth_session.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

constexpr const char* kHost = "europe-docker.pkg.dev";

std::string openssl(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(), "openssl");
  return run_checked({.argv = arguments, .environment = {}, .unset = {}, .working_directory = {}, .input = input}).output;
}

/// Made once: a key takes a while.
const std::string& private_key() {
  static const std::string pem = openssl({"genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"});
  return pem;
}

nlohmann::json key_file() {
  return {{"type", "service_account"},
          {"project_id", "p"},
          {"private_key_id", "kid-1"},
          {"private_key", private_key()},
          {"client_email", "scanner@p.iam.gserviceaccount.com"},
          {"token_uri", "https://oauth2.googleapis.com/token"}};
}

Credentials account(const nlohmann::json& file = key_file()) {
  Credentials out;
  out.kind = Credentials::Kind::google;
  out.google_key_json = Secret(file.dump());
  return out;
}

std::string decoded(const std::string& part) {
  const auto bytes = base64url_decode(part);
  REQUIRE(bytes);
  return std::string(as_text(*bytes));
}

/// Google's token service, and a registry whose realm takes its tokens.
struct Cloud {
  ScriptedResponse operator()(const ScriptedRequest& request) {
    if (request.header("x-original-host") == "oauth2.googleapis.com") {
      if (failure.status != 200) return std::exchange(failure, again);
      return found(R"({"access_token":"ya29.)" + std::to_string(++given) + R"(","expires_in":3599,"token_type":"Bearer"})");
    }
    if (request.path() == "/v2/token") {
      const std::string login = "Basic " + base64_encode(as_bytes("oauth2accesstoken:ya29." + std::to_string(given)));
      return request.header("authorization") == login ? found(R"({"token":"t"})") : answer(401);
    }
    if (request.header("authorization") == "Bearer t") return content(request);
    return answer(401, {{"WWW-Authenticate", "Bearer realm=\"https://" + std::string(kHost) + "/v2/token\",service=\"" + kHost + "\""}});
  }
  int given = 0;
  ScriptedResponse failure;
  ScriptedResponse again;  ///< the answer after the failure
};

std::map<std::string, std::string> routes(const ScriptedServer& server) {
  return {{"https://" + std::string(kHost), server.url()}, {"https://oauth2.googleapis.com", server.url()}};
}

std::vector<ScriptedRequest> assertions(const ScriptedServer& server) { return with_path(server, "/token"); }

/// The assertion's claims, after its signature was verified.
nlohmann::json verified_claims(const ScriptedRequest& request) {
  constexpr std::string_view grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  REQUIRE(request.body.starts_with(grant));
  const std::string token = request.body.substr(grant.size());
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  const TempDir files;
  write_file(files / "public.pem", openssl({"pkey", "-pubout"}, private_key()));
  write_file(files / "signed", token.substr(0, last));
  write_file(files / "signature", decoded(token.substr(last + 1)));
  CHECK(contains(openssl({"dgst", "-sha256", "-verify", (files / "public.pem").string(), "-signature", (files / "signature").string(),
                          (files / "signed").string()}),
                 "Verified OK"));
  CHECK(nlohmann::json::parse(decoded(token.substr(0, first))) == nlohmann::json{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "kid-1"}});
  return nlohmann::json::parse(decoded(token.substr(first + 1, last - first - 1)));
}

}  // namespace

TEST_CASE("Google Artifact Registry: a signed assertion gets an access token, the password of oauth2accesstoken", "[google]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, account(), routes(server));
  REQUIRE(session.catalog().has_value());
  REQUIRE(session.manifest("p/r/a").has_value());
  REQUIRE(assertions(server).size() == 1);
  const nlohmann::json claims = verified_claims(assertions(server)[0]);
  CHECK(claims.at("iss") == "scanner@p.iam.gserviceaccount.com");
  CHECK(claims.at("aud") == "https://oauth2.googleapis.com/token");
  CHECK(claims.at("iat") == 1'440'938'160);
  CHECK(claims.at("exp") == 1'440'938'160 + 3600);
  CHECK(claims.at("scope") ==
        "https://www.googleapis.com/auth/cloud-platform.read-only https://www.googleapis.com/auth/devstorage.read_only");
  CHECK(cloud.given == 1);
}

TEST_CASE("Google: an access token is renewed before its hour ends", "[google]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, account(), routes(server));
  REQUIRE(session.catalog().has_value());
  session.clock.advance(std::chrono::minutes(54));
  REQUIRE(session.catalog().has_value());
  CHECK(cloud.given == 1);
  session.clock.advance(std::chrono::minutes(2));
  REQUIRE(session.catalog().has_value());
  CHECK(cloud.given == 2);
}

TEST_CASE("Google: an assertion refused because our clock is off is signed once more by Google's time", "[google]") {
  Cloud cloud;
  cloud.failure =
      answer(400, {{"Date", "Sun, 30 Aug 2015 15:00:00 GMT"}}, R"({"error":"invalid_grant","error_description":"reasonable timeframe"})");
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, account(), routes(server));
  REQUIRE(session.catalog().has_value());
  REQUIRE(assertions(server).size() == 2);
  CHECK(verified_claims(assertions(server)[1]).at("iat") == from_rfc3339("2015-08-30T15:00:00Z")->time_since_epoch().count() / 1'000'000);
}

TEST_CASE("CVE-2024-35192: a Google key is not offered to hosts that only look like Google's", "[google][auth_security]") {
  for (const char* host : {"gcr.io", "us.gcr.io", "asia.gcr.io", "europe-docker.pkg.dev", "us-central1-docker.pkg.dev", "gcr.io:443"})
    CHECK(is_google_host(host));
  for (const char* host : {"gcr.io.evil.example", "evilgcr.io", "a.b.gcr.io", "evil-docker.pkg.dev.evil.example", "a.b-docker.pkg.dev",
                           "xdocker.pkg.dev", "-docker.pkg.dev.example", "gcr.io:8443", "pkg.dev"}) {
    INFO(host);
    CHECK_FALSE(is_google_host(host));
    Cloud cloud;
    ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
    AuthSession session("registry.example", account(), {{"https://registry.example", server.url()}});
    auto got = session.catalog();
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::invalid_argument);
    CHECK(session.transport->urls().size() == 1);
  }
}

TEST_CASE("Google: a key file cannot send the assertion elsewhere", "[google][auth_security]") {
  for (const char* url : {"https://evil.example/token", "http://oauth2.googleapis.com/token", "https://oauth2.googleapis.com.evil.example/",
                          "https://evilgoogleapis.com/", "x"}) {
    INFO(url);
    nlohmann::json file = key_file();
    file["token_uri"] = url;
    Cloud cloud;
    ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
    AuthSession session(kHost, account(file), routes(server));
    auto got = session.catalog();
    REQUIRE(got.has_error());
    CHECK(mentions(got.error(), "which is not Google's"));
    CHECK(session.transport->urls().size() == 1);
  }
  nlohmann::json older = key_file();
  older["token_uri"] = "https://accounts.google.com/o/oauth2/token";
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, account(older), routes(server));
  CHECK(session.catalog().has_value());
  CHECK(assertions(server).size() == 1);
}

TEST_CASE("Google: what is no key is refused without repeating it, and never asks for a passphrase", "[google][auth_security]") {
  const std::string encrypted = openssl({"pkey", "-aes256", "-passout", "pass:x"}, private_key());
  const std::string curve = openssl({"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"});
  for (const std::string& key :
       {std::string("s3cr3t"), encrypted, curve, std::string("-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----\n")}) {
    nlohmann::json file = key_file();
    file["private_key"] = key;
    Cloud cloud;
    ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
    AuthSession session(kHost, account(file), routes(server));
    auto got = session.catalog();
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK(mentions(got.error(), "is not an RSA key in PEM"));
    CHECK_FALSE(mentions(got.error(), "s3cr3t"));
  }
  for (const char* text : {"s3cr3t", "[]", "{}", R"({"client_email":5,"private_key":"s3cr3t"})", R"({"client_email":"a"})"}) {
    auto parsed = parse_google_key(Secret(text));
    REQUIRE(parsed.has_error());
    CHECK_FALSE(mentions(parsed.error(), "s3cr3t"));
  }
}

TEST_CASE("Google: refusals say what Google says and hold no secret, even if it is echoed", "[google][auth_security]") {
  Cloud cloud;
  std::string assertion;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.path() == "/token") {
      assertion = request.body.substr(request.body.find("&assertion=") + 11);
      return answer(401, {}, R"({"error":"invalid_client","error_description":"deleted; you sent )" + assertion + "\"}");
    }
    return cloud(request);
  });
  AuthSession session(kHost, account(), routes(server));
  auto got = session.catalog();
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::unauthorized);
  CHECK(mentions(got.error(), "(as Google service account \"scanner@p.iam.gserviceaccount.com\"): check the service account and its key"));
  CHECK(mentions(got.error(), "\"invalid_client: deleted; you sent ***\""));
  CHECK_FALSE(mentions(got.error(), assertion.substr(0, 20)));
}
