// SPDX-License-Identifier: Apache-2.0
// Amazon ECR: the signatures are computed again with the openssl program.
#include "registry/auth/aws_login.hpp"

#include "registry/auth/aws_api.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "tests/registry/support/auth_session.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

constexpr const char* kHost = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const std::string kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::string openssl(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), "openssl");
  std::string out = run_checked({.argv = arguments, .environment = {}, .unset = {}, .working_directory = {}, .input = input}).output;
  while (out.ends_with('\n')) out.pop_back();
  return out.substr(out.rfind(' ') + 1);
}

std::string hmac_hex(const std::string& hex_key, const std::string& text) {
  return openssl({"dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:" + hex_key}, text);
}

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t start = text.find(from);
  if (start == std::string::npos) return {};
  return text.substr(start + from.size(), text.find(to, start + from.size()) - start - from.size());
}

/// The Authorization that the request must carry if it was signed with `secret`.
std::string expected_authorization(const ScriptedRequest& request, const std::string& key_id, const std::string& secret) {
  const std::string given = request.header("authorization");
  const std::string scope = between(given, "Credential=" + key_id + "/", ",");
  const std::string names = between(given, "SignedHeaders=", ",");
  std::string canonical = request.method + '\n' + request.path() + "\n\n";
  for (std::string rest = names + ';'; !rest.empty(); rest.erase(0, rest.find(';') + 1)) {
    const std::string name = rest.substr(0, rest.find(';'));
    canonical += name + ':' + request.header(name == "host" ? "x-original-host" : name) + '\n';
  }
  canonical += '\n' + names + '\n' + openssl({"dgst", "-sha256"}, request.body);
  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + request.header("x-amz-date") + '\n' + scope + '\n' + openssl({"dgst", "-sha256"}, canonical);
  std::string key = hex_encode(as_bytes("AWS4" + secret));
  for (std::string rest = scope + '/'; !rest.empty(); rest.erase(0, rest.find('/') + 1))
    key = hmac_hex(key, rest.substr(0, rest.find('/')));
  return "AWS4-HMAC-SHA256 Credential=" + key_id + '/' + scope + ", SignedHeaders=" + names + ", Signature=" + hmac_hex(key, to_sign);
}

Credentials keys() {
  Credentials out;
  out.kind = Credentials::Kind::aws;
  out.aws_access_key_id = "AKIDEXAMPLE";
  out.aws_secret_access_key = Secret(kSecret);
  return out;
}

std::string basic(const std::string& password) { return "Basic " + base64_encode(as_bytes("AWS:" + password)); }

std::string token_answer(const std::string& password, double expires_at, bool as_list = true) {
  const std::string data =
      R"({"authorizationToken":")" + base64_encode(as_bytes("AWS:" + password)) + R"(","expiresAt":)" + std::to_string(expires_at) + "}";
  return R"({"authorizationData":)" + (as_list ? "[" + data + "]" : data) + "}";
}

/// ECR's API and a registry that takes the login given last.
struct Cloud {
  ScriptedResponse operator()(const ScriptedRequest& request) {
    const bool api = !request.header("x-amz-target").empty();
    if (api && failure.status != 200) return failure;
    if (api) {
      auto out = found(token_answer("pw" + std::to_string(++given), now + lifetime_s));
      out.headers.push_back({"Content-Type", "application/x-amz-json-1.1"});
      return out;
    }
    if (request.header("authorization") == basic("pw" + std::to_string(given))) return content(request);
    return answer(401, {{"WWW-Authenticate", "Basic realm=\"https://" + std::string(kHost) + "/\",service=\"ecr.amazonaws.com\""}});
  }
  double now = 1'440'938'160;
  double lifetime_s = 12 * 3600;
  int given = 0;
  ScriptedResponse failure;
};

std::map<std::string, std::string> routes(const ScriptedServer& server, const std::string& registry = kHost,
                                          const std::string& api = "api.ecr.eu-central-1.amazonaws.com") {
  return {
      {"https://" + registry, server.url()}, {"https://" + api, server.url()}, {"https://sts.eu-central-1.amazonaws.com", server.url()}};
}

std::vector<ScriptedRequest> api_requests(const ScriptedServer& server) {
  std::vector<ScriptedRequest> out = server.requests();
  std::erase_if(out, [](const ScriptedRequest& request) { return request.method != "POST"; });
  return out;
}

}  // namespace

TEST_CASE("AWS ECR: GetAuthorizationToken is signed, and its password is sent as Basic", "[aws]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, keys(), routes(server));
  REQUIRE(session.catalog().has_value());
  REQUIRE(session.manifest("a").has_value());
  const auto asked = api_requests(server);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].header("x-original-host") == "api.ecr.eu-central-1.amazonaws.com");
  CHECK(asked[0].header("x-amz-target") == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken");
  CHECK(asked[0].header("content-type") == "application/x-amz-json-1.1");
  CHECK(asked[0].body == "{}");
  CHECK(contains(asked[0].header("authorization"),
                 "/20150830/eu-central-1/ecr/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, "));
  CHECK(asked[0].header("authorization") == expected_authorization(asked[0], "AKIDEXAMPLE", kSecret));
  CHECK(asked[0].header("authorization") != expected_authorization(asked[0], "AKIDEXAMPLE", "another"));
}

TEST_CASE("AWS ECR: FIPS, China and a region that is given have their hosts", "[aws]") {
  struct Case {
    std::string host;
    std::string region;
    std::string api;
  };
  for (const Case& c : {Case{"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "", "ecr-fips.us-east-1.amazonaws.com"},
                        Case{"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "", "api.ecr.cn-north-1.amazonaws.com.cn"},
                        Case{"123456789012.dkr.ecr.us-gov-west-1.amazonaws.com:443", "", "api.ecr.us-gov-west-1.amazonaws.com"},
                        Case{kHost, "eu-west-1", "api.ecr.eu-west-1.amazonaws.com"}}) {
    INFO(c.host);
    Cloud cloud;
    ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
    Credentials credentials = keys();
    credentials.aws_region = c.region;
    const std::string origin = c.host.substr(0, c.host.find(':'));
    AuthSession session(c.host, credentials, routes(server, origin, c.api));
    CHECK(session.catalog().has_value());
    REQUIRE(api_requests(server).size() == 1);
    CHECK(api_requests(server)[0].header("x-original-host") == c.api);
    CHECK(api_requests(server)[0].header("authorization") == expected_authorization(api_requests(server)[0], "AKIDEXAMPLE", kSecret));
  }
}

TEST_CASE("AWS ECR Public: its own API in us-east-1, and the login goes to its realm", "[aws]") {
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.method == "POST") return found(token_answer("pub", 1'440'938'160 + 3600 * 12, false));
    if (request.path() == "/token/") return request.header("authorization") == basic("pub") ? found(R"({"token":"t"})") : answer(401);
    if (request.header("authorization") == "Bearer t") return content(request);
    return answer(401, {{"WWW-Authenticate", R"(Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws")"}});
  });
  AuthSession session("public.ecr.aws", keys(),
                      {{"https://public.ecr.aws", server.url()}, {"https://api.ecr-public.us-east-1.amazonaws.com", server.url()}});
  REQUIRE(session.manifest("docker/library/alpine").has_value());
  const auto asked = api_requests(server);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].header("x-amz-target") == "SpencerFrontendService.GetAuthorizationToken");
  CHECK(contains(asked[0].header("authorization"), "/us-east-1/ecr-public/aws4_request"));
  CHECK(asked[0].header("authorization") == expected_authorization(asked[0], "AKIDEXAMPLE", kSecret));
}

TEST_CASE("AWS: a role is assumed first, with its external id and the session token of temporary keys", "[aws]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) {
    if (request.header("x-original-host") != "sts.eu-central-1.amazonaws.com") return cloud(request);
    return found(R"({"AssumeRoleResponse":{"AssumeRoleResult":{"Credentials":{"AccessKeyId":"ASIAROLE","SecretAccessKey":"role-secret",)"
                 R"("SessionToken":"role/session+token==","Expiration":1.44094176E9}}}})");
  });
  Credentials credentials = keys();
  credentials.aws_session_token = Secret("own-session");
  credentials.aws_role_arn = "arn:aws:iam::123456789012:role/reader";
  credentials.aws_external_id = "ex/1";
  AuthSession session(kHost, credentials, routes(server));
  REQUIRE(session.catalog().has_value());
  const auto asked = api_requests(server);
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].body ==
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader"
        "&RoleSessionName=landwaiter&ExternalId=ex%2F1");
  CHECK(asked[0].header("accept") == "application/json");
  CHECK(asked[0].header("x-amz-security-token") == "own-session");
  CHECK(asked[0].header("authorization") == expected_authorization(asked[0], "AKIDEXAMPLE", kSecret));
  CHECK(contains(asked[0].header("authorization"),
                 "/eu-central-1/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "));
  CHECK(asked[1].header("x-amz-security-token") == "role/session+token==");
  CHECK(asked[1].header("authorization") == expected_authorization(asked[1], "ASIAROLE", "role-secret"));
}

TEST_CASE("AWS ECR: a login lasts 12 hours, and is renewed when less than one is left", "[aws]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession session(kHost, keys(), routes(server));
  REQUIRE(session.catalog().has_value());
  session.clock.advance(std::chrono::hours(11) - std::chrono::seconds(2));
  REQUIRE(session.catalog().has_value());
  CHECK(cloud.given == 1);
  session.clock.advance(std::chrono::seconds(5));
  cloud.now += 11 * 3600;
  REQUIRE(session.catalog().has_value());
  CHECK(cloud.given == 2);
}

TEST_CASE("AWS ECR: the login at hand is used on when the API fails, until it ends", "[aws]") {
  for (const int status : {503, 400, 403}) {
    INFO(status);
    Cloud cloud;
    ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
    AuthSession session(kHost, keys(), routes(server));
    REQUIRE(session.catalog().has_value());
    cloud.failure = answer(status, {{"Retry-After", "0"}}, R"({"__type":"ServerException","message":"out of order"})");
    session.clock.advance(std::chrono::hours(11) + std::chrono::minutes(10));
    const std::size_t before = api_requests(server).size();
    for (int i = 0; i < 3; ++i) REQUIRE(session.catalog().has_value());
    CHECK(api_requests(server).size() == before + (status == 503 ? limits::request_attempts_max : 1));
    session.clock.advance(std::chrono::minutes(51));
    auto ended = session.catalog();
    REQUIRE(ended.has_error());
    CHECK(mentions(ended.error(), "AWS's GetAuthorizationToken"));
    CHECK(mentions(ended.error(), "out of order"));
  }
}

TEST_CASE("AWS ECR: a login that the registry refuses is renewed, but not over and over", "[aws]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) {
    return request.header("x-amz-target").empty() ? answer(401, {{"WWW-Authenticate", "Basic"}}) : cloud(request);
  });
  AuthSession session(kHost, keys(), routes(server));
  for (int i = 0; i < 5; ++i) CHECK(session.catalog().has_error());
  CHECK(cloud.given == 1);
  session.clock.advance(limits::login_renew_pause);
  CHECK(session.catalog().has_error());
  CHECK(cloud.given == 2);
}

TEST_CASE("AWS: a request refused because our clock is off is signed once more by AWS's time", "[aws]") {
  Cloud cloud;
  const std::string aws_date = "Sun, 30 Aug 2015 14:00:00 GMT";
  bool ever = true;
  ScriptedServer server([&](const ScriptedRequest& request) {
    const bool api = !request.header("x-amz-target").empty();
    if (api && (!ever || request.header("x-amz-date") != "20150830T140000Z")) {
      return answer(403, {{"Date", aws_date}}, R"({"__type":"InvalidSignatureException","message":"Signature expired"})");
    }
    return cloud(request);
  });
  {
    AuthSession session(kHost, keys(), routes(server));
    CHECK(session.catalog().has_value());
    CHECK(api_requests(server).size() == 2);
    CHECK(api_requests(server)[1].header("authorization") == expected_authorization(api_requests(server)[1], "AKIDEXAMPLE", kSecret));
  }
  ever = false;
  AuthSession session(kHost, keys(), routes(server));
  const std::size_t before = api_requests(server).size();
  auto got = session.catalog();
  REQUIRE(got.has_error());
  CHECK(mentions(got.error(), "InvalidSignatureException: Signature expired"));
  CHECK(api_requests(server).size() == before + 2);
}

TEST_CASE("CVE-2024-35192: AWS keys are not offered to hosts that only look like ECR's", "[aws][auth_security]") {
  for (const char* host :
       {"123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example", "evil.123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com.cn", "123456789012.dkr.ecr.cn-north-1.amazonaws.com",
        "12345678901.dkr.ecr.eu-central-1.amazonaws.com", "1234567890123.dkr.ecr.eu-central-1.amazonaws.com",
        "12345678901x.dkr.ecr.eu-central-1.amazonaws.com", "123456789012.dkr.ecr.a.b.amazonaws.com",
        "123456789012.dkr.ecrx.eu-central-1.amazonaws.com", "123456789012-dkr.ecr.eu-central-1.amazonaws.com", "evilpublic.ecr.aws",
        "public.ecr.aws.evil.example", "public.ecr.aws:8443", "amazonaws.com", "localhost:5000"}) {
    INFO(host);
    CHECK_FALSE(parse_ecr_host(host));
    CHECK_FALSE(parse_ecr_host("123456789012.dkr.ecr..amazonaws.com"));
    Cloud cloud;
    ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
    AuthSession session(host, keys(), {{"https://" + std::string(host), server.url()}, {"http://" + std::string(host), server.url()}});
    auto got = session.catalog();
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::invalid_argument);
    CHECK(mentions(got.error(), "only given to Amazon ECR's registries"));
    CHECK(session.transport->urls().size() == 1);
  }
}

TEST_CASE("AWS: keys do not go over plain http, and a region cannot name another host", "[aws][auth_security]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  AuthSession plain("http://" + std::string(kHost), keys(), {{"http://" + std::string(kHost), server.url()}});
  CHECK(mentions(plain.catalog().error(), "over plain http"));
  for (const char* region : {"x/", "evil.example/#", "a.b", "-a", "EU", "eu central"}) {
    Credentials credentials = keys();
    credentials.aws_region = region;
    AuthSession session(kHost, credentials, routes(server));
    CHECK(mentions(session.catalog().error(), "not an AWS region"));
  }
  CHECK(api_requests(server).empty());
}

TEST_CASE("AWS: refusals say what AWS says and hold no secret, even if it is echoed", "[aws][auth_security]") {
  Cloud cloud;
  ScriptedServer server([&](const ScriptedRequest& request) { return cloud(request); });
  Credentials credentials = keys();
  credentials.aws_session_token = Secret("session-token-of-mine");
  AuthSession session(kHost, credentials, routes(server));
  cloud.failure = answer(400, {}, R"({"__type":"UnrecognizedClientException","message":"bad )" + kSecret + R"( session-token-of-mine"})");
  auto wrong = session.catalog();
  REQUIRE(wrong.has_error());
  CHECK(wrong.error().code() == ErrorCode::unauthorized);
  CHECK(mentions(wrong.error(), "401 Unauthorized from registry " + std::string(kHost) +
                                    " for the catalog (with AWS key \"AKIDEXAMPLE\"): "
                                    "check the AWS key and its policy"));
  CHECK(mentions(wrong.error(),
                 "400 Bad Request from api.ecr.eu-central-1.amazonaws.com for AWS's GetAuthorizationToken: "
                 "\"UnrecognizedClientException: bad *** ***\""));
  cloud.failure =
      answer(400, {}, R"({"__type":"AccessDeniedException","message":"User is not authorized to perform: ecr:GetAuthorizationToken"})");
  auto denied = session.catalog();
  REQUIRE(denied.has_error());
  CHECK(denied.error().code() == ErrorCode::forbidden);
  CHECK(mentions(denied.error(), "ecr:GetAuthorizationToken"));
}

TEST_CASE("AWS: answers that are none end with an error that repeats nothing of them", "[aws][auth_security]") {
  const std::string no_colon = base64_encode(as_bytes("s3cr3t"));
  const std::vector<std::string> bodies{"{}",
                                        "[]",
                                        "s3cr3t",
                                        R"({"authorizationData":[]})",
                                        R"({"authorizationData":"s3cr3t"})",
                                        R"({"authorizationData":[{"authorizationToken":5}]})",
                                        R"({"authorizationData":{"authorizationToken":"!s3cr3t"}})",
                                        R"({"authorizationData":[{"authorizationToken":")" + no_colon + "\"}]}"};
  for (const std::string& body : bodies) {
    INFO(body);
    ScriptedServer server([&](const ScriptedRequest& request) {
      return request.method == "POST" ? found(body) : answer(401, {{"WWW-Authenticate", "Basic"}});
    });
    AuthSession session(kHost, keys(), routes(server));
    auto got = session.catalog();
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::malformed);
    CHECK_FALSE(mentions(got.error(), "s3cr3t"));
    CHECK_FALSE(mentions(got.error(), no_colon));
  }
}
