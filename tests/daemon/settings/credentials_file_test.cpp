// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/credentials_file.hpp"

#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;
using namespace landwaiter::test;

TEST_CASE("credentials are read from a file", "[credentials_file]") {
  const TempDir folder;
  write_file(folder / "c.json", R"({"kind":"token","token":"t"})");
  const auto read = read_credentials((folder / "c.json").string());
  REQUIRE(read);
  CHECK(read->kind == Credentials::Kind::token);
  CHECK(read->token.equals("t"));
}

TEST_CASE("a credentials file that cannot be used is named, and nothing of it repeated", "[credentials_file]") {
  const TempDir folder;
  const auto error_of = [&](const std::string& text) {
    write_file(folder / "c.json", text);
    const auto read = read_credentials((folder / "c.json").string());
    REQUIRE_FALSE(read);
    CHECK(read.error().message().find("c.json") != std::string::npos);
    CHECK(read.error().message().find("hunter2") == std::string::npos);
    return read.error().code();
  };
  CHECK(error_of("hunter2") == ErrorCode::malformed);
  CHECK(error_of(R"({"kind":"hunter2"})") == ErrorCode::invalid_argument);
  CHECK(error_of(R"({"token":")" + std::string(limits::credentials_file_bytes_max, 'x') + "\"}") == ErrorCode::limit_exceeded);
  CHECK(read_credentials((folder / "none").string()).error().code() == ErrorCode::io);
  CHECK(read_credentials(folder.path().string()).error().code() == ErrorCode::io);
}
