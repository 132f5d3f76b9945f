// SPDX-License-Identifier: Apache-2.0
#include "core/wire/protocol_version.hpp"

#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace landwaiter;
using namespace landwaiter::protocol;

TEST_CASE("the newest version that both sides speak is chosen") {
  const int newest = kVersions.back();
  CHECK(choose_version(std::vector<int>{newest}).value() == newest);
  CHECK(choose_version(std::vector<int>{newest + 1, newest, 1}).value() == newest);
  for (const int version : kVersions) CHECK(choose_version(std::vector<int>{version, newest + 7}).value() == version);
}

TEST_CASE("a version that nobody shares is refused with a sentence that says what to update") {
  const auto refused = [](const std::vector<int>& sensor) {
    const auto chosen = choose_version(sensor);
    REQUIRE_FALSE(chosen);
    CHECK(chosen.error().code() == ErrorCode::unsupported);
    return chosen.error().message();
  };
  CHECK(refused({1}) == "this platform speaks version 2 of the sensor protocol, the sensor version 1: update the sensor");
  CHECK(refused({9, 7}) == "this platform speaks version 2 of the sensor protocol, the sensor versions 7 to 9: update the platform");
  CHECK(refused({}).find("the sensor no version") != std::string::npos);
}

TEST_CASE("a sensor takes no version that it does not speak") {
  CHECK(check_version(kVersions.front()));
  const auto newer = check_version(kVersions.back() + 1);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code() == ErrorCode::unsupported);
  CHECK(newer.error().message().find("update the sensor") != std::string::npos);
  CHECK(check_version(0).error().message().find("update the platform") != std::string::npos);
}
