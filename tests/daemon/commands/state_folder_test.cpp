// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/state_folder.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <map>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

StateFolder choose(const std::string& named, bool none, std::map<std::string, std::string> variables) {
  const Environment environment = [&variables](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  return StateFolder::choose(named, none, environment);
}

}  // namespace

TEST_CASE("a command does without a state folder only if nobody named it", "[commands]") {
  CHECK(choose("", true, {{"HOME", "/h"}}).directory.empty());
  const auto named = choose("/named", false, {{"LANDWAITER_STATE", "/variable"}});
  CHECK((named.directory == "/named" && !named.is_default));
  const auto variable = choose("", false, {{"LANDWAITER_STATE", "/variable"}, {"XDG_STATE_HOME", "/xdg"}});
  CHECK((variable.directory == "/variable" && !variable.is_default));
  const auto xdg = choose("", false, {{"XDG_STATE_HOME", "/xdg"}, {"HOME", "/h"}});
  CHECK((xdg.directory == "/xdg/landwaiter" && xdg.is_default));
  const auto home = choose("", false, {{"XDG_STATE_HOME", ""}, {"HOME", "/h"}});
  CHECK((home.directory == "/h/.local/state/landwaiter" && home.is_default));
}

TEST_CASE("a default folder that cannot be used is done without, a named one is an error", "[commands]") {
  test::TempDir folder;
  StateFolder usable{folder / "state", true};
  auto store = usable.open();
  REQUIRE(store.has_value());
  CHECK(*store != nullptr);
  CHECK(usable.directory == folder / "state");

  // A file where a folder must be: not even root can use that.
  test::write_file(folder / "file", "");
  StateFolder broken{folder / "file/state", true};
  store = broken.open();
  REQUIRE(store.has_value());
  CHECK(*store == nullptr);
  CHECK(broken.directory.empty());

  StateFolder named{folder / "file/state", false};
  CHECK(named.open().has_error());
  StateFolder none;
  CHECK(none.open().value() == nullptr);
}
