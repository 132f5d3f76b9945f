// SPDX-License-Identifier: Apache-2.0
#include "core/base/encoding.hpp"
#include "tests/registry/support/script.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {
const std::string kApi = "GET https://msr.example/api/v0/repositories";
}

TEST_CASE("Mirantis MSR: X-Next-Page-Start leads from page to page, with Basic", "[enumerator][msr]") {
  Script script;
  script.login["https://msr.example"] = {"authorization", "Basic " + base64_encode(as_bytes("u:pass-word-7"))};
  script.json(kApi + "?pageSize=100", R"({"repositories":[{"namespace":"team","name":"a"}]})", {{"X-Next-Page-Start", "team/b c"}});
  script.json(kApi + "?pageSize=100&pageStart=team%2Fb%20c",
              R"({"repositories":[{"namespace":"team","name":"b"},{"namespace":"","name":"x"}]})");
  const std::string tags = kApi + "/team/a/tags?pageSize=100";
  script.json(
      tags, R"([{"name":"1","digest":")" + digest_of('a') + R"(","updatedAt":"2026-01-02T03:04:05Z","createdAt":"2025-01-01T00:00:00Z"}])",
      {{"X-Next-Page-Start", "t2"}});
  script.json(tags + "&pageStart=t2", R"([{"name":"2","digest":"","createdAt":"2025-01-01T00:00:00Z"}])");
  ScriptedRegistry registry({"msr.example"}, "msr", script, Credentials::basic("u", Secret("pass-word-7")));
  const Walk walk = registry.repositories();
  REQUIRE_FALSE(walk.error.has_value());
  CHECK(walk.names == Strings{"team/a", "team/b"});
  CHECK(walk.invalid == Strings{"/x"});
  CHECK(registry.repositories(walk.cursors.at(0)).names == Strings{"team/b"});
  const Walk told = registry.tags("team/a");
  CHECK(told.told() == Strings{"1 " + digest_of('a') + " 2026-01-02T03:04:05Z", "2 - 2025-01-01T00:00:00Z"});
  CHECK(registry.tags("team/a", told.cursors.at(0)).names == Strings{"2"});
}

TEST_CASE("Mirantis MSR: without the API the catalog is asked, and a refusal names the right", "[enumerator][msr]") {
  Script script;
  script.json("GET https://msr.example/v2/_catalog?n=1000", R"({"repositories":["a/b"]})");
  ScriptedRegistry other({"msr.example"}, "msr", script);
  CHECK(other.repositories().names == Strings{"a/b"});
  ScriptedRegistry closed({"msr.example"}, "msr", Script());
  CHECK(mentions(closed.repositories(), "read only"));
}
