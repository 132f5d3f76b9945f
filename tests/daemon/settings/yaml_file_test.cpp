// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/yaml_file.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>
#include <fstream>

namespace landwaiter::daemon {
namespace {

/// Makes a folder the current one, as long as it lives.
struct Here {
  explicit Here(const std::filesystem::path& folder) : before(std::filesystem::current_path()) { std::filesystem::current_path(folder); }
  ~Here() { std::filesystem::current_path(before); }
  Here(const Here&) = delete;
  Here& operator=(const Here&) = delete;
  std::filesystem::path before;
};

}  // namespace

TEST_CASE("a file without an end is read as far as a file of settings may go", "[yaml_file]") {
  const auto text = yaml::text_of("/dev/zero");
  REQUIRE(text);
  CHECK_FALSE(yaml::check_size(*text, "x").has_value());
  CHECK(yaml::text_of("/dev/null").value().empty());
  CHECK_FALSE(yaml::text_of("/nonexistent/x.yml").has_value());
  CHECK_FALSE(yaml::text_of("/").has_value());
}

TEST_CASE("what the current folder has under a file's name must be a file", "[yaml_file]") {
  const test::TempDir folder;
  const Here here(folder.path());
  CHECK(yaml::file_here("x.yml").value().empty());
  std::filesystem::create_directory("folder.yml");
  std::filesystem::create_symlink("nothing", "dangling.yml");
  std::filesystem::create_symlink("/dev/zero", "device.yml");
  for (const char* name : {"folder.yml", "dangling.yml", "device.yml"}) {
    CHECK(yaml::file_here(name).error().code() == ErrorCode::configuration);
  }
  std::ofstream("x.yml") << "a: 1\n";
  std::filesystem::create_symlink("x.yml", "link.yml");
  CHECK(yaml::file_here("x.yml").value() == "x.yml");
  CHECK(yaml::file_here("link.yml").value() == "link.yml");
}

TEST_CASE("an error shows names of fields, and no other text of a file", "[yaml_file]") {
  CHECK(yaml::shown_name("fail-on") == "\"fail-on\"");
  for (const char* secret : {"root:*:20228:0", "TOKEN=abc", "a b", "0123456789012345678901234567890123456789x"}) {
    CHECK(yaml::shown_name(secret).find(secret) == std::string::npos);
  }
}

}  // namespace landwaiter::daemon
