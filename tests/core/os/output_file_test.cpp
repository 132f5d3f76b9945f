// SPDX-License-Identifier: Apache-2.0
#include "core/os/output_file.hpp"

#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <fstream>
#include <iterator>

using namespace landwaiter;
namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put(const fs::path& file, std::string_view text) { std::ofstream(file, std::ios::binary) << text; }

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("an output file appears whole, and replaces the one before only then", "[os][output_file]") {
  const test::TemporaryDirectory folder;
  const fs::path file = folder.path() / "report";
  put(file, "yesterday");
  {
    auto out = OutputFile::open(file.string());
    REQUIRE(out);
    REQUIRE(out->write(std::string(100'000, 'x')));
    CHECK(content(file) == "yesterday");
    REQUIRE(out->write("end"));
    REQUIRE(out->finish());
  }
  CHECK(content(file) == std::string(100'000, 'x') + "end");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("without finish() nothing is left of an output file", "[os][output_file]") {
  const test::TemporaryDirectory folder;
  const fs::path file = folder.path() / "report";
  { REQUIRE(OutputFile::open(file.string())->write("half")); }
  CHECK(files_in(folder.path()) == 0);
}

TEST_CASE("an output file that is not finished has no name", "[os][output_file]") {
  const test::TemporaryDirectory folder;
  auto out = OutputFile::open((folder.path() / "report").string());
  REQUIRE(out);
  REQUIRE(out->write(std::string(100'000, 'x')));
  REQUIRE(out->flush());
  CHECK(files_in(folder.path()) == 0);  // so a signal leaves nothing
  REQUIRE(out->finish());
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a link stays one, and a file keeps its mode", "[os][output_file]") {
  const test::TemporaryDirectory folder;
  put(folder.path() / "real", "old");
  fs::permissions(folder.path() / "real", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("real", folder.path() / "link");
  {
    auto out = OutputFile::open((folder.path() / "link").string());
    REQUIRE(out);
    REQUIRE(out->write("new"));
    REQUIRE(out->finish());
  }
  CHECK(fs::is_symlink(folder.path() / "link"));
  CHECK(content(folder.path() / "real") == "new");
  CHECK(fs::status(folder.path() / "real").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("what cannot be written is told with its name and reason", "[os][output_file]") {
  const test::TemporaryDirectory folder;
  const auto missing = OutputFile::open((folder.path() / "no/report").string());
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code() == ErrorCode::io);
  CHECK(missing.error().message().find("no/report: cannot be written: No such file") != std::string::npos);
  auto full = OutputFile::open("/dev/full");
  REQUIRE(full);
  REQUIRE(full->write("x"));
  const auto finished = full->finish();
  REQUIRE_FALSE(finished);
  CHECK(finished.error().message() == "/dev/full: cannot be written: No space left on device");
  CHECK_FALSE(full->write("more"));
}
