// SPDX-License-Identifier: Apache-2.0
#include "platform/store/schema.hpp"

#include "core/base/clock.hpp"
#include "platform/platform.hpp"
#include "storage/database/migrations.hpp"
#include "storage/sqlite/sqlite_database.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/storage/support/test_engine.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>

namespace landwaiter::test {

TEST_CASE("schema: a database of before is refused with a sentence that says what to do") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "platform.db";
  {
    const auto before = storage::SqliteDatabase::open(file).value();
    storage::Transaction write(*before, storage::Transaction::Kind::write);
    write.script("CREATE TABLE layer_report(layer TEXT, detector_state TEXT);PRAGMA user_version=9");
    REQUIRE(write.commit().has_value());
  }
  platform::PlatformConfig config;
  config.state_directory = folder.path();
  const RealClock clock;
  const auto created = platform::Platform::create(config, clock);
  REQUIRE_FALSE(created.has_value());
  CHECK(created.error().message().find(file.string() + ": made by an older version") != std::string::npos);
  CHECK(created.error().message().find("delete it") != std::string::npos);
}

TEST_CASE("schema: its steps make a new database, once, on each engine") {
  for (const TestEngine& engine : test_engines()) {
    const auto database = engine.fresh_database();
    for (int i = 0; i < 2; ++i) {
      const auto migrated = storage::migrate(*database, platform::schema_steps());
      INFO(engine.name << ": " << (migrated ? "" : migrated.error().message()));
      REQUIRE(migrated.has_value());
    }
  }
}

TEST_CASE("a token is issued beside a platform that serves, and changes no lease of it") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll("s");
  platform.scan_images({"localhost:5000/app:1"});
  REQUIRE(platform.acquire(sensor).size() == 1);
  const auto lease_end = [&] {
    const auto database = platform.connect();
    storage::Transaction read(*database, storage::Transaction::Kind::read);
    return read.number("SELECT until_us FROM lease");
  };
  const std::int64_t before = lease_end();
  REQUIRE(before > 0);
  platform.clock.advance(std::chrono::seconds(10));
  const auto issue = [&](const platform::PlatformConfig& config) {
    return platform::issue_token(config, platform::TokenKind::api, "beside", std::nullopt, platform.clock);
  };
  CHECK(issue(platform.config()).has_value());
  CHECK(lease_end() == before);

  const TemporaryDirectory empty;
  platform::PlatformConfig elsewhere;
  elsewhere.state_directory = empty.path();
  const auto refused = issue(elsewhere);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message().find("holds no platform") != std::string::npos);
  CHECK(std::filesystem::is_empty(empty.path()));
}

}  // namespace landwaiter::test
