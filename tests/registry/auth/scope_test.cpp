// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/scope.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter::registry;

TEST_CASE("scopes are told in words", "[scope]") {
  CHECK(describe_scope("repository:a/b:pull") == "pull repository a/b");
  CHECK(describe_scope("registry:catalog:*") == "list the catalog");
  CHECK(describe_scope("") == "use the registry");
  CHECK(describe_scope("repository:host:5000/a:pull") == "pull repository host:5000/a");
}

TEST_CASE("of a challenge's scope only reading the same thing may be asked for", "[scope]") {
  const char* own = "repository:a/b:pull";
  CHECK(permitted_scope(own, "repository:a/b:pull").empty());
  CHECK(permitted_scope(own, "repository:a/b:pull,push").empty());
  CHECK(permitted_scope(own, "repository:a/b:push repository:a/b:delete repository:a/b:*").empty());
  CHECK(permitted_scope(own, "repository:a/b:metadata_read") == "repository:a/b:metadata_read");
  CHECK(permitted_scope(own, "repository:a/b:pull,push,metadata_read repository:x:pull,metadata_read") ==
        "repository:a/b:pull,metadata_read");
  CHECK(permitted_scope(own, "  repository:a/b:pull  repository:a/b:metadata_read,metadata_read ") == "repository:a/b:pull,metadata_read");
  CHECK(permitted_scope(own, "repository(plugin):a/b:metadata_read").empty());
  CHECK(permitted_scope(own, "registry:catalog:*").empty());
  CHECK(permitted_scope("registry:catalog:*", "registry:catalog:* repository:a:pull").empty());
  for (const char* odd : {"", ":", "::", "a", "repository::", "repository:a/b", "repository:a/b:", ":::::"})
    CHECK(permitted_scope(own, odd).empty());
  CHECK(permitted_scope("", "repository:a:metadata_read").empty());
}
