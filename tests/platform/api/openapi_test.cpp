// SPDX-License-Identifier: Apache-2.0
#include "platform/api/openapi.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/text.hpp"
#include "platform/api/routes.hpp"
#include "platform/http/router.hpp"
#include "platform/store/tokens.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <set>

namespace landwaiter::platform {
namespace {

using nlohmann::json;

json document() { return parse_json(openapi_document(), "OpenAPI document", kJsonReport).value(); }

/// The document names the kinds of tokens that open a route.
std::set<std::string> schemes_of(const Needs& needs) {
  const auto permission = needs.permission();
  if (!permission) return {};
  std::set<std::string> schemes;
  if (permissions_of(TokenKind::api, false).has(*permission)) schemes.insert({"api", "apiHeader"});
  if (permissions_of(TokenKind::enrollment, false).has(*permission)) schemes.insert("enrollment");
  if (permissions_of(TokenKind::sensor, true).has(*permission)) schemes.insert("sensor");
  return schemes;
}

}  // namespace

TEST_CASE("openapi: the document and the routes are the same") {
  const json paths = document()["paths"];
  std::set<std::string> documented, routed;
  for (const auto& [path, operations] : paths.items()) {
    for (const auto& [method, operation] : operations.items()) documented.insert(method + " " + path);
  }
  for (const Route& route : all_routes()) {
    const std::string name = to_lower(route.method) + " " + route.path;
    CHECK(routed.insert(name).second);
    INFO(name);
    REQUIRE(documented.contains(name));
    const json& operation = paths[route.path][to_lower(route.method)];
    CHECK(operation.contains("requestBody") == (route.body_bytes_max > 0 && name.find("/cancel") == std::string::npos));
    std::set<std::string> schemes, in_path;
    for (const json& one : operation["security"]) {
      for (const auto& [scheme, scopes] : one.items()) schemes.insert(scheme);
    }
    CHECK(schemes == schemes_of(route.needs));
    for (const json& parameter : operation.value("parameters", json::array())) {
      if (parameter["in"] == "path") in_path.insert("{" + parameter["name"].get<std::string>() + "}");
    }
    for (const std::string& parameter : in_path) CHECK(route.path.find(parameter) != std::string::npos);
    CHECK(static_cast<std::size_t>(std::ranges::count(route.path, '{')) == in_path.size());
  }
  CHECK(documented == routed);
}

TEST_CASE("openapi: the document is served to everybody") {
  test::TestPlatform platform;
  const auto reply = platform.call("GET", "/v3/openapi.json");
  CHECK(reply.status == 200);
  CHECK(reply.body == document());
}

}  // namespace landwaiter::platform
