// SPDX-License-Identifier: Apache-2.0
#include "core/os/seekable_file.hpp"

#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace landwaiter;

namespace {

std::string read_at(const SeekableFile& file, std::uint64_t offset, std::size_t size) {
  std::string out(size, '\0');
  auto read = file.read_at(offset, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  REQUIRE(read.has_value());
  out.resize(*read);
  return out;
}

}  // namespace

TEST_CASE("a file is read at any place", "[os]") {
  test::TemporaryDirectory folder;
  const auto path = folder.path() / "f";
  std::ofstream(path) << "0123456789";
  CHECK_FALSE(SeekableFile::is_stream(path.string()));
  auto file = SeekableFile::open(path.string());
  REQUIRE(file.has_value());
  CHECK((*file)->size_bytes() == 10);
  CHECK(read_at(**file, 7, 5) == "789");
  CHECK(read_at(**file, 0, 2) == "01");
  CHECK(read_at(**file, 10, 2).empty());
}

TEST_CASE("what comes through a pipe is kept without a name", "[os]") {
  test::TemporaryDirectory folder;
  const auto path = folder.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(SeekableFile::is_stream(path.string()));
  const std::string content(1'000'000, 'x');
  std::thread sender([&] { std::ofstream(path) << content << "end"; });
  auto file = SeekableFile::open(path.string());
  sender.join();
  REQUIRE(file.has_value());
  CHECK((*file)->size_bytes() == content.size() + 3);
  CHECK(read_at(**file, content.size(), 10) == "end");
  CHECK(read_at(**file, 0, 3) == "xxx");
}

TEST_CASE("what is neither a file nor a pipe is refused", "[os]") {
  test::TemporaryDirectory folder;
  const auto code = [](const std::string& name) { return SeekableFile::open(name).error().code(); };
  CHECK(code((folder.path() / "none").string()) == ErrorCode::not_found);
  CHECK(code(folder.path().string()) == ErrorCode::io);
  CHECK(code("/dev/zero") == ErrorCode::io);
}
