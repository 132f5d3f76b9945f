// SPDX-License-Identifier: Apache-2.0
#include "platform/store/schema.hpp"

#include "core/base/clock.hpp"
#include "platform/platform.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <array>

namespace landwaiter::test {

TEST_CASE("schema: a database of before is refused with a sentence that says what to do") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "platform.db";
  const std::array<std::string_view, 3> before{"CREATE TABLE layer_report(layer TEXT, detector_state TEXT)", "", ""};
  REQUIRE(storage::Database::open(file, before).has_value());
  platform::PlatformConfig config;
  config.state_directory = folder.path();
  const RealClock clock;
  const auto created = platform::Platform::create(config, clock);
  REQUIRE_FALSE(created.has_value());
  CHECK(created.error().message().find(file.string() + ": made by an older version") != std::string::npos);
  CHECK(created.error().message().find("delete it") != std::string::npos);
}

TEST_CASE("schema: its scripts make a new database, once") {
  const TemporaryDirectory folder;
  const storage::DatabaseOptions options{.first_version = platform::kSchemaFirstVersion};
  for (int i = 0; i < 2; ++i) {
    const auto database = storage::Database::open(folder.path() / "a.db", platform::schema_migrations(), options);
    INFO((database ? std::string() : database.error().message()));
    REQUIRE(database.has_value());
  }
}

}  // namespace landwaiter::test
