// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/blocklist_file.hpp"

#include "core/base/encoding.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

TEST_CASE("a blocklist is a file of sorted records") {
  const test::TempDir directory;
  const auto file = directory / "list";
  test::write_file(file, std::string(15, 'a') + "\x01" + std::string(15, 'b') + "\x02");
  const auto list = open_blocklist(file);
  REQUIRE(list);
  CHECK((*list)->size() == 2);
  CHECK((*list)->find(hex_encode(as_bytes(std::string(15, 'b')))) == 2U);
  CHECK_FALSE((*list)->find(hex_encode(as_bytes(std::string(15, 'c')))));
}

TEST_CASE("what is no blocklist is an error that names it") {
  const test::TempDir directory;
  const auto file = directory / "list";
  test::write_file(file, "");
  CHECK(open_blocklist(file).error().code() == ErrorCode::malformed);
  test::write_file(file, std::string(17, 'a'));
  CHECK(open_blocklist(file).error().message().find(file.string()) != std::string::npos);
  CHECK(open_blocklist(directory / "none").error().code() == ErrorCode::io);
  CHECK(open_blocklist(directory.path()).error().code() == ErrorCode::io);
}
