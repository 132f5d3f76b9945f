// SPDX-License-Identifier: Apache-2.0
#include "registry/client/media_types.hpp"

#include "tests/support/catch.hpp"

namespace landwaiter::registry {

TEST_CASE("a media type is shown when it is one, and nothing else in its place is", "[media_types]") {
  for (const char* good : {"application/vnd.oci.image.config.v1+json", "text/plain", "application/vnd.cncf.helm.config.v1+json"}) {
    CHECK(media_types::shown(good) == good);
  }
  const std::string escape = "\x1b[31mred\x07/x";
  const std::string key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA/x\n";
  for (const std::string& bad : {std::string(), std::string("text"), std::string("/plain"), std::string("text/"), std::string("a/b/c"),
                                 std::string("text/pl ain"), std::string("a/b\nc"), escape, key, "a/" + std::string(200, 'b')}) {
    CHECK(media_types::shown(bad) == "an invalid media type");
  }
}

}  // namespace landwaiter::registry
