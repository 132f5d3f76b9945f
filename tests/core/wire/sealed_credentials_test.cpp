// SPDX-License-Identifier: Apache-2.0
#include "core/wire/sealed_credentials.hpp"

#include "tests/support/catch.hpp"

#include <functional>

using namespace landwaiter;
using namespace landwaiter::protocol;

namespace {

const SystemTime kNow = from_rfc3339("2026-11-21T20:00:00Z").value();
const SystemTime kEnd = kNow + std::chrono::hours(1);

Job job() {
  Job job;
  job.id = "j1";
  job.registry = {"r1", "bank", "registry.bank.example", "gitlab", true, false};
  return job;
}

Secret bound() { return bind_credentials(serialize(Credentials::basic("ann", Secret("c4nary"))), job(), kEnd).value(); }

}  // namespace

TEST_CASE("credentials are used for the job and registry that they were sealed for") {
  const auto credentials = unbind_credentials(bound(), job(), kNow);
  REQUIRE(credentials);
  CHECK(credentials->username == "ann");
  CHECK(credentials->password.equals("c4nary"));
  Job renamed = job();
  renamed.registry.name = "another name";
  renamed.attempt = 2;
  CHECK(unbind_credentials(bound(), renamed, kEnd - std::chrono::seconds(1)));
}

TEST_CASE("credentials are not used for anything else, and the reason does not repeat them") {
  struct Row {
    const char* what;
    std::function<void(Job&)> change;
  };
  const std::vector<Row> rows{
      {"another job", [](Job& job) { job.id = "j2"; }},
      {"another registry than", [](Job& job) { job.registry.id = "r2"; }},
      {"another registry address", [](Job& job) { job.registry.endpoint = "evil.example"; }},
      {"another registry address", [](Job& job) { job.registry.endpoint = "http://registry.bank.example"; }},
      {"another kind of registry", [](Job& job) { job.registry.kind = "auto"; }},
      {"another TLS setting", [](Job& job) { job.registry.tls_verify = false; }},
      {"another TLS setting", [](Job& job) { job.registry.plain_http = true; }},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Job other = job();
    row.change(other);
    const auto refused = unbind_credentials(bound(), other, kNow);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::unauthorized);
    CHECK(refused.error().message().find(row.what) != std::string::npos);
    CHECK(refused.error().message().find("c4nary") == std::string::npos);
  }
}

TEST_CASE("credentials expire") {
  for (const SystemTime now : {kEnd, kEnd + std::chrono::hours(100)}) {
    const auto expired = unbind_credentials(bound(), job(), now);
    REQUIRE_FALSE(expired);
    CHECK(expired.error().code() == ErrorCode::unauthorized);
    CHECK(expired.error().message().find("expired at 2026-11-21T21:00:00Z") != std::string::npos);
  }
}

TEST_CASE("a seal that does not say what it is for is refused") {
  for (const char* text : {"", "[]", "{}", R"({"kind":"basic","username":"ann","password":"c4nary"})",
                           R"({"job_id":"j1","expires_at":"2026-11-21T21:00:00Z","credentials":{"username":"ann","password":"c4nary"}})"}) {
    INFO(text);
    const auto refused = unbind_credentials(Secret(text), job(), kNow);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::malformed);
    CHECK(refused.error().message().find("c4nary") == std::string::npos);
  }
  CHECK(bind_credentials(Secret("no JSON"), job(), kEnd).error().code() == ErrorCode::malformed);
}
