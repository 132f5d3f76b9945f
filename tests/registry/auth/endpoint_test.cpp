// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/endpoint.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;

TEST_CASE("a registry has one name in references, however it is spelled", "[endpoint]") {
  const auto name = [](const char* text) { return reference_host(Endpoint::parse(text).value()); };
  for (const char* text : {"r.example", "R.Example", "https://r.example", "https://r.example/", "https://r.example///",
                           "docker://r.example", "HTTPS://R.EXAMPLE:443/", " r.example ", "r.example:443", "http://r.example"}) {
    INFO(text);
    CHECK(name(text) == "r.example");
  }
  CHECK(name("https://r.example:80") == "r.example:80");
  CHECK(name("http://r.example:443") == "r.example:443");
  CHECK(name("http://LOCALHOST:5000/") == "localhost:5000");
  CHECK(name("[::1]:5000") == "[::1]:5000");
  for (const char* text : {"docker.io", "index.docker.io", "https://registry-1.docker.io/"}) CHECK(name(text) == "docker.io");
}
