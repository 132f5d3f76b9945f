// SPDX-License-Identifier: Apache-2.0
#include "daemon/reader/file_trigger_cache.hpp"

#include "detectors/engine/engine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

std::string text_of_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

detectors::DetectorContext context() { return {.identity_key = Secret("a key for tests")}; }

}  // namespace

TEST_CASE("triggers that were compiled once are taken from the state folder") {
  const test::TempDir folder;
  FileTriggerCache cache(folder.path());
  const auto compiled = detectors::Engine::create(context(), &cache);
  REQUIRE(compiled);
  const std::filesystem::path file = folder.path() / "triggers.cache";
  const std::string stored = text_of_file(file);
  REQUIRE(stored.size() > 10'000);
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::others_all) == std::filesystem::perms::none);

  const std::string name((*compiled)->triggers_digest().hex());
  REQUIRE(cache.load(name));
  CHECK_FALSE(cache.load("another"));
  const auto restored = detectors::Engine::create(context(), &cache);
  REQUIRE(restored);
  CHECK((*restored)->state() == (*compiled)->state());
  CHECK(text_of_file(file) == stored);
}

TEST_CASE("damaged triggers are compiled again, and replaced") {
  const test::TempDir folder;
  FileTriggerCache cache(folder.path());
  const auto engine = detectors::Engine::create(context(), &cache);
  REQUIRE(engine);
  const std::filesystem::path file = folder.path() / "triggers.cache";
  const std::string good = text_of_file(file);
  std::string changed = good;
  changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
  for (const std::string& damaged : {changed, good.substr(0, good.size() / 2), std::string("\n"), std::string()}) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
    CHECK_FALSE(cache.load(std::string((*engine)->triggers_digest().hex())));
    REQUIRE(detectors::Engine::create(context(), &cache));
    CHECK(text_of_file(file) == good);
  }
}

TEST_CASE("without a state folder nothing is kept") {
  FileTriggerCache cache({});
  CHECK(detectors::Engine::create(context(), &cache));
  CHECK_FALSE(cache.load("any"));
}
