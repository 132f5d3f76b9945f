// SPDX-License-Identifier: Apache-2.0
#include "core/os/process.hpp"

#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace landwaiter;
using namespace std::chrono_literals;

namespace {

Result<ProgramEnd> shell(const std::string& script, const std::string& input = "", const ProgramLimits& limits = {10'000, 30s}) {
  return run_program("/bin/sh", {"-c", script}, input, limits);
}

}  // namespace

TEST_CASE("a program gets its words and its input, and gives its output and whether it went well", "[os]") {
  const auto end = shell("read line; echo \"$0|$line|$#\"", "in put\n");
  REQUIRE(end);
  CHECK(end->output == "/bin/sh|in put|0\n");
  CHECK(end->succeeded == true);
  const auto words = run_program("/bin/echo", {"a b", "$(id)", ""}, "", {1000, 30s});
  CHECK(words.value().output == "a b $(id) \n");
  const auto failed = shell("echo words >&2; echo out; exit 3");
  CHECK(failed.value().output == "out\n");
  CHECK(failed.value().succeeded == false);
  CHECK(shell("kill -9 $$").value().succeeded == false);
}

TEST_CASE("a standard descriptor that is closed becomes the null device", "[os]") {
  const int kept = ::dup(STDIN_FILENO);
  ::close(STDIN_FILENO);
  hold_standard_streams();
  CHECK(std::filesystem::read_symlink("/proc/self/fd/0") == "/dev/null");
  ::dup2(kept, STDIN_FILENO);
  ::close(kept);
  const auto before = std::filesystem::read_symlink("/proc/self/fd/0");
  hold_standard_streams();
  CHECK(std::filesystem::read_symlink("/proc/self/fd/0") == before);
}

TEST_CASE("forgotten variables are gone from the environment, from its bytes and from programs that are run", "[os]") {
  const std::string name = "LANDWAITER_TEST_SECRET";
  std::string entry = name + "=hunter2";
  std::string longer = name + "_TOO=kept";
  REQUIRE(putenv(entry.data()) == 0);  // these very bytes become the environment's
  REQUIRE(putenv(longer.data()) == 0);
  CHECK(shell("echo $" + name).value().output == "hunter2\n");
  forget_variables({name, "LANDWAITER_TEST_NOT_SET", ""});
  CHECK(getenv(name.c_str()) == nullptr);
  CHECK(entry.find("hunter2") == std::string::npos);
  CHECK(shell("echo $" + name + "$" + name + "_TOO").value().output == "kept\n");
  unsetenv((name + "_TOO").c_str());
}

TEST_CASE("a program that does not keep to its limits is ended, with what it started", "[os]") {
  const auto endless = shell("exec yes");
  REQUIRE_FALSE(endless);
  CHECK(endless.error().code() == ErrorCode::limit_exceeded);

  const test::TemporaryDirectory folder;
  const std::string file = (folder.path() / "alive").string();
  const auto slow = shell("(sleep 2; touch '" + file + "') & sleep 600", "", {1000, 300ms});
  REQUIRE_FALSE(slow);
  CHECK(slow.error().code() == ErrorCode::timeout);
  std::this_thread::sleep_for(3s);
  CHECK_FALSE(std::filesystem::exists(file));

  const auto silent = shell("exec >&-; sleep 600", "", {1000, 3s});
  REQUIRE(silent);
  CHECK_FALSE(silent->succeeded.has_value());
}

TEST_CASE("what cannot be run says so", "[os]") {
  CHECK(run_program("/nowhere/program", {}, "", {1000, 1s}).error().code() == ErrorCode::configuration);
  CHECK(run_program("/bin/cat", {}, std::string(5000, 'x'), {10'000, 1s}).error().code() == ErrorCode::limit_exceeded);
  CHECK(shell("cat >/dev/null", std::string(4096, 'x')).value().succeeded == true);
}

TEST_CASE("a program inherits none of our files", "[os]") {
  const test::TemporaryDirectory folder;
  std::ofstream(folder.path() / "ours") << "x";
  // Without O_CLOEXEC, as a careless library would open it.
  const int careless = ::open((folder.path() / "ours").c_str(), O_RDONLY);
  REQUIRE(careless > 2);
  const auto end = shell("if [ -e /proc/self/fd/" + std::to_string(careless) + " ]; then echo seen; else echo hidden; fi");
  ::close(careless);
  CHECK(end.value().output == "hidden\n");
}

TEST_CASE("a program is found in absolute folders only", "[os]") {
  CHECK(find_program("sh", "/nowhere:relative:/bin") == "/bin/sh");
  CHECK_FALSE(find_program("sh", ""));
  CHECK_FALSE(find_program("no such program", "/bin:/usr/bin"));
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path("/bin");
  CHECK_FALSE(find_program("sh", ".:"));
  std::filesystem::current_path(here);
}
