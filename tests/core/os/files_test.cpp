// SPDX-License-Identifier: Apache-2.0
#include "core/os/files.hpp"

#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace landwaiter;
using test::TemporaryDirectory;

namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

std::string read_all(OpenFile file) {
  std::string out;
  std::array<std::uint8_t, 3> chunk{};
  for (std::size_t size = file.read(chunk).value(); size > 0; size = file.read(chunk).value()) {
    out.append(reinterpret_cast<const char*>(chunk.data()), size);
  }
  return out;
}

}  // namespace

TEST_CASE("a folder that cannot be made is said with its reason", "[os]") {
  const TemporaryDirectory folder;
  const fs::path file = folder.path() / "file";
  write(file, "x");
  const auto over_file = make_private_directory(file);
  REQUIRE(over_file.has_error());
  CHECK(over_file.error().message() == file.string() + ": cannot be used: Not a directory");
  const auto below_file = make_private_directory(file / "a" / "b");
  REQUIRE(below_file.has_error());
  CHECK(below_file.error().message() == (file / "a" / "b").string() + ": cannot be used: Not a directory");
  CHECK(make_private_directory(folder.path() / "new").has_value());
  CHECK(make_private_directory(folder.path() / "new").has_value());
}

TEST_CASE("a folder that others may write to is not trusted, nor a file in it", "[os]") {
  const TemporaryDirectory folder;
  const fs::path state = folder.path() / "state";
  REQUIRE(make_private_directory(state));
  REQUIRE(write_private_file(state / "file", "x"));
  for (const mode_t mode : {0755U, 0750U, 0700U, 02755U}) {
    REQUIRE(::chmod(state.c_str(), mode) == 0);
    CHECK(make_private_directory(state));
  }
  // A sticky bit does not stop others from adding files.
  for (const mode_t mode : {0770U, 0707U, 0777U, 01777U, 0720U, 0702U}) {
    REQUIRE(::chmod(state.c_str(), mode) == 0);
    for (const Result<void>& refused : {make_private_directory(state), write_private_file(state / "file", "y")}) {
      REQUIRE_FALSE(refused);
      CHECK(refused.error().message().starts_with(state.string() + ": others than its owner may write to it"));
    }
  }
  fs::create_directory_symlink(state, folder.path() / "link");
  CHECK_FALSE(make_private_directory(folder.path() / "link"));
  REQUIRE(::chmod(state.c_str(), 0700) == 0);
  CHECK(make_private_directory(folder.path() / "link"));
  CHECK(read_small_file(state / "file").value() == "x");
}

TEST_CASE("what belongs to another user is not trusted, what belongs to root is", "[os]") {
  const TemporaryDirectory folder;
  CHECK(make_private_directory("/").has_value());
  // Only root can give something away.
  constexpr uid_t other = 65534;
  const fs::path file = folder.path() / "file";
  REQUIRE(write_private_file(file, "x"));
  if (::geteuid() != 0) {
    CHECK(read_private_file("/etc/passwd", 1).has_error());
    return;
  }
  REQUIRE(::chown(file.c_str(), other, other) == 0);
  for (const Result<void>& refused : {secure_private_file(file), Result<void>(read_private_file(file, 8).error())}) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().starts_with(file.string() + ": belongs to another user (id 65534)"));
  }
  REQUIRE(::chown(folder.path().c_str(), other, other) == 0);
  const auto refused = make_private_directory(folder.path());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().starts_with(folder.path().string() + ": belongs to another user (id 65534)"));
}

TEST_CASE("a private file is its owner's alone, whole, and replaced as a whole", "[os]") {
  const TemporaryDirectory folder;
  const fs::path file = folder.path() / "made" / "key";
  const std::string large(300'000, 'x');
  REQUIRE(write_private_file(file, "old"));
  REQUIRE(write_private_file(file, large));
  CHECK(read_small_file(file).value() == large);
  CHECK(mode_of(file) == 0600);
  CHECK(mode_of(file.parent_path()) == 0700);
  CHECK(entries(file.parent_path()) == 1);
  // The temporary file is not written through somebody's link.
  write(folder.path() / "victim", "mine");
  fs::create_symlink(folder.path() / "victim", file.string() + ".new");
  const auto refused = write_private_file(file, "evil");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::io);
  CHECK(read_small_file(folder.path() / "victim").value() == "mine");
  CHECK(read_small_file(file).value() == large);
}

TEST_CASE("a file that is there is not made again, whoever tries at once", "[os]") {
  const TemporaryDirectory folder;
  const fs::path file = folder.path() / "key";
  CHECK(create_private_file(file, "first").value());
  CHECK_FALSE(create_private_file(file, "second").value());
  CHECK(read_small_file(file).value() == "first");
  CHECK(mode_of(file) == 0600);
  CHECK(entries(folder.path()) == 1);
  CHECK_FALSE(create_private_file(folder.path() / "none" / "key", "x"));
}

TEST_CASE("a file for a database is made or given its mode, and no link is followed", "[os]") {
  const TemporaryDirectory folder;
  const fs::path file = folder.path() / "a.db";
  REQUIRE(secure_private_file(file));
  CHECK(mode_of(file) == 0600);
  write(file, "content");
  fs::permissions(file, fs::perms::owner_all | fs::perms::group_read | fs::perms::others_exec);
  REQUIRE(secure_private_file(file));
  CHECK(mode_of(file) == 0600);
  CHECK(read_small_file(file).value() == "content");
  fs::permissions(file, fs::perms::owner_all | fs::perms::others_write);
  CHECK_FALSE(secure_private_file(file));
  fs::create_symlink(file, folder.path() / "link");
  CHECK_FALSE(secure_private_file(folder.path() / "link"));
  CHECK_FALSE(secure_private_file(folder.path()));
}

TEST_CASE("a secret that others could read, or that is too large, is refused", "[os]") {
  const TemporaryDirectory folder;
  const fs::path file = folder.path() / "key";
  REQUIRE(write_private_file(file, "12345678"));
  CHECK(read_private_file(file, 8).value().equals("12345678"));
  CHECK(read_private_file(file, 100).value().equals("12345678"));
  CHECK(read_private_file(file, 7).error().code() == ErrorCode::limit_exceeded);
  for (const auto perms : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write, fs::perms::others_exec}) {
    fs::permissions(file, fs::perms::owner_read | perms);
    const auto read = read_private_file(file, 100);
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::io);
    CHECK(read.error().message().find("chmod 0600") != std::string::npos);
    CHECK(read.error().message().find("1234") == std::string::npos);
  }
  CHECK(read_private_file(folder.path() / "none", 8).error().code() == ErrorCode::not_found);
}

TEST_CASE("nothing in a foreign folder leads out of it, or makes us wait", "[os]") {
  const TemporaryDirectory folder;
  const fs::path root = folder.path() / "layout";
  write(folder.path() / "outside" / "secret", "secret");
  write(root / "index.json", "index");
  write(root / "blobs" / "sha256" / "ab", "blob");
  fs::create_symlink(folder.path() / "outside" / "secret", root / "link");
  fs::create_directory_symlink(folder.path() / "outside", root / "away");
  REQUIRE(::mkfifo((root / "fifo").c_str(), 0600) == 0);

  const auto opened = ForeignFolder::open(root.string());
  REQUIRE(opened);
  CHECK(read_all(opened->open_file("index.json").value()) == "index");
  CHECK(read_all(opened->open_file("blobs/sha256/ab").value()) == "blob");
  CHECK(opened->open_file("blobs/sha256/cd").error().code() == ErrorCode::not_found);
  CHECK(opened->open_file("nowhere/sha256/cd").error().code() == ErrorCode::not_found);
  for (const char* name : {"link", "away/secret", "fifo", "blobs", "index.json/x"}) {
    INFO(name);
    const auto file = opened->open_file(name);
    REQUIRE_FALSE(file);
    CHECK(file.error().code() == ErrorCode::io);
  }
  CHECK(ForeignFolder::open((root / "none").string()).error().code() == ErrorCode::not_found);
  CHECK(ForeignFolder::open((root / "index.json").string()).error().code() == ErrorCode::io);
}

TEST_CASE("a mapped file shows its bytes, also when there are none", "[os]") {
  const TemporaryDirectory folder;
  write(folder.path() / "list", "bytes");
  write(folder.path() / "empty", "");
  const auto mapped = MappedFile::open(folder.path() / "list").value();
  CHECK(as_text(mapped->bytes()) == "bytes");
  CHECK(MappedFile::open(folder.path() / "empty").value()->bytes().empty());
  CHECK_FALSE(MappedFile::open(folder.path()));
  CHECK_FALSE(MappedFile::open(folder.path() / "none"));
}

TEST_CASE("space is tried and given back", "[os]") {
  TemporaryDirectory directory;
  CHECK(try_space(directory.path()).has_value());
  CHECK(entries(directory.path()) == 0);
  CHECK(try_space(directory.path() / "none").error().code() == ErrorCode::io);
  CHECK(try_space("/proc").error().code() == ErrorCode::io);
}
