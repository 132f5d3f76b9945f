// SPDX-License-Identifier: Apache-2.0
#include "registry/enumerators/enumerators.hpp"
#include "tests/registry/support/script.hpp"

#include <nlohmann/json.hpp>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;
using nlohmann::json;

namespace {

const std::string kHost = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const std::string kApi = "https://api.ecr.eu-central-1.amazonaws.com";

/// ECR's API: two pages of repositories, and of one repository's images.
ScriptedResponse ecr(const ScriptedRequest& request) {
  const std::string target = request.header("x-amz-target");
  ScriptedResponse out;
  if (target.empty()) {  // the registry itself
    out.status = 401;
    return out;
  }
  const json asked = json::parse(request.body);
  const bool second = asked.value("nextToken", "") == "opaque/==";
  if (!request.header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")) {
    out.status = 400;
    out.body = R"({"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."})";
  } else if (target.ends_with(".DescribeRepositories")) {
    out.body = second ? R"({"repositories":[{"repositoryName":"team/b"}]})"
                      : R"({"repositories":[{"repositoryName":"a"},{"repositoryName":"UPPER"}],"nextToken":"opaque/=="})";
  } else if (target.ends_with(".DescribeImages") && asked.value("repositoryName", "") == "team/b") {
    const std::string first = R"({"imageDetails":[{"imageDigest":")" + digest_of('a') +
                              R"(","imageTags":["1.0","latest"],"imagePushedAt":1.7E9}],"nextToken":"opaque/=="})";
    out.body =
        second ? R"({"imageDetails":[{"imageDigest":"junk","imageTags":["old"],"imagePushedAt":"yesterday"},{"imageDigest":"x"}]})" : first;
  } else {
    out.status = 400;
    out.body = R"({"__type":"AccessDeniedException","message":"User is not authorized to perform this"})";
  }
  return out;
}

struct EcrSession {
  explicit EcrSession(const std::string& key_id = "AKIDEXAMPLE") : server(ecr) {
    transport =
        make_routed(make_transport(io.get_executor(), {}), {{kApi, server.url()}, {"https://" + kHost, server.url() + "/registry"}});
    Endpoint endpoint = Endpoint::parse(kHost).value();
    endpoint.credentials.kind = Credentials::Kind::aws;
    endpoint.credentials.aws_access_key_id = key_id;
    endpoint.credentials.aws_secret_access_key = Secret("shh-secret-key");
    client = std::make_shared<Client>(transport, endpoint, clock);
    enumerator = make_ecr(client);
  }

  boost::asio::io_context io;
  RealClock clock;
  ScriptedServer server;
  std::shared_ptr<RoutedTransport> transport;
  std::shared_ptr<Client> client;
  std::shared_ptr<Enumerator> enumerator;
};

}  // namespace

TEST_CASE("AWS ECR: repositories and tags with digest and push time come from its API, page by page", "[enumerator][ecr]") {
  EcrSession session;
  CHECK(session.enumerator->kind() == "ecr");
  CHECK(session.enumerator->knows_push_time());
  auto first = run_awaitable(session.io, session.enumerator->repositories(""));
  REQUIRE(first.has_value());
  CHECK(first->names == Strings{"a"});
  CHECK(first->invalid == Strings{"UPPER"});
  auto second = run_awaitable(session.io, session.enumerator->repositories(first->next));
  REQUIRE(second.has_value());
  CHECK(second->names == Strings{"team/b"});
  CHECK(second->next.empty());

  auto tags = run_awaitable(session.io, session.enumerator->tags("team/b", ""));
  REQUIRE(tags.has_value());
  REQUIRE(tags->entries.size() == 2);
  CHECK(tags->entries[1].tag == "latest");
  CHECK(tags->entries[1].digest.str() == digest_of('a'));
  CHECK(tags->entries[1].pushed == "2023-11-14T22:13:20Z");
  auto more = run_awaitable(session.io, session.enumerator->tags("team/b", tags->next));
  REQUIRE(more.has_value());
  REQUIRE(more->entries.size() == 1);
  CHECK(more->entries[0].tag == "old");
  CHECK(more->entries[0].digest.empty());
  CHECK(more->entries[0].pushed.empty());
  for (const ScriptedRequest& request : session.server.requests()) {
    CHECK(request.header("x-original-host") == "api.ecr.eu-central-1.amazonaws.com");
    CHECK(json::parse(request.body)["registryId"] == "123456789012");
    CHECK(request.body.find("shh-secret-key") == std::string::npos);
  }
}

TEST_CASE("AWS ECR: a refused listing names the rights that are missing", "[enumerator][ecr]") {
  EcrSession session("AKIDOTHER");
  auto page = run_awaitable(session.io, session.enumerator->repositories(""));
  REQUIRE(page.has_error());
  CHECK(page.error().message().find("ecr:DescribeRepositories") != std::string::npos);
  CHECK(page.error().message().find("shh-secret-key") == std::string::npos);
}
