// SPDX-License-Identifier: Apache-2.0
#include "platform/upkeep/backup.hpp"

#include "platform/store/schema.hpp"
#include "platform/upkeep/kept_database.hpp"
#include "storage/database/migrations.hpp"
#include "storage/sqlite/sqlite_database.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/storage/support/test_engine.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <string>

namespace landwaiter::test {
namespace {

namespace fs = std::filesystem;
using platform::PlatformConfig;
using storage::Transaction;

/// A place for a platform, by the engine's name.
PlatformConfig place(const std::string& engine, const fs::path& folder) {
  PlatformConfig config;
  config.state_directory = folder;
  if (engine == "postgres") config.database = fresh_postgres_address();
  return config;
}

std::vector<storage::TableSum> kept_sums(const PlatformConfig& config) {
  const auto database = platform::open_kept(config).value();
  Transaction read(*database, Transaction::Kind::read);
  return storage::table_sums(read).value();
}

std::string why_not(const auto& result) { return result ? std::string() : result.error().message(); }

/// A platform that has a token and a registry with a password.
void make_platform(const PlatformConfig& config, const Clock& clock) {
  {
    const auto made = platform::Platform::create(config, clock);
    INFO(why_not(made));
    REQUIRE(made.has_value());
  }
  for (int i = 0; i < 20; ++i) {
    REQUIRE(platform::issue_token(config, platform::TokenKind::api, "t" + std::to_string(i), std::nullopt, clock).has_value());
  }
}

}  // namespace

TEST_CASE("backup: from each engine, restored to each, with the same rows and the same key") {
  const RealClock clock;
  const Secret passphrase("correct horse");
  for (const char* from : {"sqlite", "postgres"}) {
    const TemporaryDirectory folder;
    const PlatformConfig source = place(from, folder.path() / "source");
    make_platform(source, clock);
    const auto backup = folder.path() / "backup";
    const auto made = platform::back_up(source, backup, passphrase, clock);
    INFO(from << ": " << why_not(made));
    REQUIRE(made.has_value());
    CHECK(made->tables == kept_sums(source));
    for (const auto& file : fs::directory_iterator(backup)) {
      INFO(file.path().string());
      CHECK((file.status().permissions() & fs::perms(0777)) == fs::perms(0600));
    }
    for (const char* to : {"sqlite", "postgres"}) {
      const PlatformConfig target = place(to, folder.path() / to);
      const auto restored = platform::restore(target, backup, passphrase);
      INFO(to << ": " << why_not(restored));
      REQUIRE(restored.has_value());
      CHECK_FALSE(restored->key_is_missing);
      CHECK(kept_sums(target) == made->tables);
      CHECK_FALSE(fs::exists(target.state_directory / "platform.db.restoring"));
      // Its master key fits: otherwise it would not start.
      CHECK(why_not(platform::Platform::create(target, clock)).empty());
      const auto again = platform::restore(target, backup, passphrase);
      REQUIRE_FALSE(again.has_value());
      CHECK(again.error().code() == ErrorCode::conflict);
      CHECK(kept_sums(target).size() == made->tables.size());
    }
  }
}

TEST_CASE("backup: what is wrong with one is told, and nothing is made of it") {
  const RealClock clock;
  const TemporaryDirectory folder;
  const PlatformConfig source = place("sqlite", folder.path() / "source");
  make_platform(source, clock);
  const auto backup = folder.path() / "backup";
  REQUIRE(platform::back_up(source, backup, Secret("right"), clock).has_value());
  CHECK(platform::back_up(source, backup, Secret(), clock).error().message().find("is not empty") != std::string::npos);

  const PlatformConfig target = place("sqlite", folder.path() / "target");
  const auto wrong_passphrase = platform::restore(target, backup, Secret("wrong"));
  REQUIRE_FALSE(wrong_passphrase.has_value());
  CHECK(wrong_passphrase.error().code() == ErrorCode::unauthorized);
  CHECK_FALSE(fs::exists(target.state_directory / "platform.db"));
  CHECK_FALSE(fs::exists(target.state_directory / "master.key"));
  {
    const auto database = storage::SqliteDatabase::open(backup / "platform.db").value();
    Transaction write(*database, Transaction::Kind::write);
    write.run("DELETE FROM token WHERE name='t3'");
    REQUIRE(write.commit().has_value());
  }
  const auto damaged = platform::restore(target, backup, Secret("right"));
  REQUIRE_FALSE(damaged.has_value());
  CHECK(damaged.error().code() == ErrorCode::digest_mismatch);
  CHECK(damaged.error().message().find("token (19 rows, not 20)") != std::string::npos);
  CHECK_FALSE(fs::exists(target.state_directory / "platform.db"));

  fs::remove(backup / "manifest.json");
  CHECK(platform::restore(target, backup, Secret()).error().message().find("is no backup, or one that was not finished") !=
        std::string::npos);
  std::ofstream(backup / "manifest.json") << R"({"format":2,"program":"9.9","made_at":"2026-01-01T00:00:00Z","tables":[]})";
  CHECK(platform::read_backup(backup).error().message().find("use the one that made it (9.9)") != std::string::npos);
  std::ofstream(backup / "manifest.json") << "[1]";
  CHECK(platform::read_backup(backup).error().code() == ErrorCode::malformed);
}

TEST_CASE("backup: without the master key it says so when it is restored") {
  const RealClock clock;
  const TemporaryDirectory folder;
  const PlatformConfig source = place("sqlite", folder.path() / "source");
  make_platform(source, clock);
  const auto backup = folder.path() / "backup";
  REQUIRE(platform::back_up(source, backup, Secret(), clock).has_value());
  CHECK_FALSE(fs::exists(backup / "master.key.sealed"));
  const PlatformConfig target = place("sqlite", folder.path() / "target");
  CHECK(platform::restore(target, backup, Secret("any")).error().message().find("has no master key") != std::string::npos);
  const auto restored = platform::restore(target, backup, Secret());
  REQUIRE(restored.has_value());
  CHECK(restored->key_is_missing);
  fs::copy_file(source.state_directory / "master.key", target.state_directory / "master.key");
  CHECK(platform::Platform::create(target, clock).has_value());
}

TEST_CASE("backup: a state of an older schema is restored as it was") {
  const RealClock clock;
  const TemporaryDirectory folder;
  const auto steps = platform::schema_steps();
  const auto backup = folder.path() / "backup";
  {
    const auto older = storage::SqliteDatabase::open(backup / "platform.db").value();
    REQUIRE(storage::migrate(*older, steps.first(1)).has_value());
  }
  std::ofstream(backup / "manifest.json") << R"({"format":1,"program":"0.0","made_at":"2026-01-01T00:00:00Z","schema":1,"tables":[]})";
  const PlatformConfig target = place("sqlite", folder.path() / "target");
  // The sums of its tables are not those of the manifest.
  CHECK(platform::restore(target, backup, Secret()).error().code() == ErrorCode::digest_mismatch);
}

}  // namespace landwaiter::test
