// SPDX-License-Identifier: Apache-2.0
#include "core/base/nearest.hpp"

#include <catch2/catch_test_macros.hpp>

#include <vector>

namespace landwaiter {
namespace {

const std::vector<std::string> kNames{"scan", "list", "sensor", "--format", "--fail-on", "--platform"};

TEST_CASE("A name that was probably meant", "[nearest]") {
  CHECK(nearest("scna", kNames) == "scan");
  CHECK(nearest("SCAN", kNames) == "scan");
  CHECK(nearest("snesor", kNames) == "sensor");
  CHECK(nearest("lst", kNames) == "list");
  CHECK(nearest("--fromat", kNames) == "--format");
  CHECK(nearest("--fail_on", kNames) == "--fail-on");
  CHECK(nearest("--platfroms", kNames) == "--platform");
  CHECK(did_you_mean("scna", kNames) == "; did you mean \"scan\"?");
}

TEST_CASE("No name is near", "[nearest]") {
  CHECK(nearest("", kNames).empty());
  CHECK(nearest("x", kNames).empty());
  CHECK(nearest("sc", kNames).empty());
  CHECK(nearest("nginx", kNames).empty());
  CHECK(nearest("--verbose", kNames).empty());
  CHECK(nearest(std::string(100'000, 's'), kNames).empty());
  CHECK(did_you_mean("nginx", kNames).empty());
}

TEST_CASE("Of several the nearest, then the first", "[nearest]") {
  const std::vector<std::string> names{"abcdxx", "abcdex", "abcdey"};
  CHECK(nearest("abcdef", names) == "abcdex");
}

}  // namespace
}  // namespace landwaiter
