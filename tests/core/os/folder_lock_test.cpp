// SPDX-License-Identifier: Apache-2.0
#include "core/os/folder_lock.hpp"

#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

using namespace landwaiter;

namespace {

const SystemTime kNow{std::chrono::seconds(1'700'000'000)};

}  // namespace

TEST_CASE("a folder has one keeper, who is named to the second", "[os]") {
  test::TemporaryDirectory directory;
  const auto folder = directory.path() / "state";
  {
    auto first = FolderLock::take(folder, kNow);
    REQUIRE(first.has_value());
    auto second = FolderLock::take(folder, kNow);
    REQUIRE(second.has_error());
    CHECK(second.error().code() == ErrorCode::conflict);
    const std::string text = second.error().message();
    CHECK(text.find("in use by process " + std::to_string(::getpid()) + " on ") != std::string::npos);
    CHECK(text.find("since 2023-11-14T22:13:20") != std::string::npos);
    // The folder is the same by another name.
    std::filesystem::create_directory_symlink(folder, directory.path() / "link");
    CHECK(FolderLock::take(directory.path() / "link", kNow).has_error());
  }
  CHECK(FolderLock::take(folder, kNow).has_value());
}

TEST_CASE("a lock whose file was removed stops nobody, and none is left by a kill", "[os]") {
  test::TemporaryDirectory directory;
  auto first = FolderLock::take(directory.path(), kNow);
  REQUIRE(first.has_value());
  std::filesystem::remove(directory.path() / "lock");
  CHECK(FolderLock::take(directory.path(), kNow).has_value());

  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = FolderLock::take(directory.path(), kNow);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(FolderLock::take(directory.path(), kNow).has_value());
}
