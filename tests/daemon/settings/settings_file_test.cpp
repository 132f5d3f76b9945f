// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/settings_file.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

TEST_CASE("a settings file has options by their names", "[settings]") {
  const auto settings = parse_settings("format: json\nfail-on: [high, expired]\nquiet: true\nworkers: 4\n", "f.yml");
  REQUIRE(settings.has_value());
  REQUIRE(settings->size() == 4);
  CHECK((*settings)[0].option == "format");
  CHECK((*settings)[1].values == std::vector<std::string>{"high", "expired"});
  CHECK((*settings)[2].values == std::vector<std::string>{"true"});
  CHECK((*settings)[3].values == std::vector<std::string>{"4"});
  CHECK(parse_settings("", "f.yml").value().empty());
  CHECK(parse_settings("# nothing\n", "f.yml").value().empty());
}

TEST_CASE("mistakes in a settings file are told with their place", "[settings]") {
  for (const std::string text : {"- format\n", "format: {a: b}\n", "format: [[a]]\n", "format: json\nformat: csv\n", "format: [json\n"}) {
    INFO(text);
    const auto settings = parse_settings(text, "f.yml");
    REQUIRE(settings.has_error());
    CHECK(settings.error().code() == ErrorCode::configuration);
    CHECK(settings.error().message().find("f.yml") != std::string::npos);
  }
  CHECK(load_settings("/no/such/file.yml").error().message().find("/no/such/file.yml") != std::string::npos);
}
