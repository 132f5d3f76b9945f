// SPDX-License-Identifier: Apache-2.0
// Real programs in a PATH of the test's own.
#include "registry/auth/credential_helper.hpp"

#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>

using namespace landwaiter;
using namespace landwaiter::registry;
using namespace landwaiter::test;

namespace {

/// A folder with a helper that is a script.
struct Helper {
  explicit Helper(const std::string& script, const std::string& name = "test") {
    const auto file = folder / ("docker-credential-" + name);
    write_file(file, "#!/bin/sh\n" + script);
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }
  Result<std::optional<HelperAnswer>> run(const std::string& server = "r.example", const std::string& name = "test") const {
    return run_credential_helper(name, server, "relative::/nowhere:" + folder.path().string());
  }
  TempDir folder;
};

bool mentions(const Error& error, const std::string& text) { return error.message().find(text) != std::string::npos; }

}  // namespace

TEST_CASE("credential helper: it gets \"get\" and the server on its standard input, as docker's does", "[credential_helper]") {
  const Helper helper("read server\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"%s\",\"Secret\":\"p w\"}' \"$server\" \"$1:$server\"\n");
  auto got = helper.run("https://index.docker.io/v1/");
  REQUIRE(got.has_value());
  REQUIRE(*got);
  CHECK((*got)->username == "get:https://index.docker.io/v1/");
  CHECK((*got)->secret.equals("p w"));
}

TEST_CASE("credential helper: that it has no credentials is no error", "[credential_helper]") {
  const Helper helper("echo 'credentials not found in native keychain'\nexit 1\n");
  auto got = helper.run();
  REQUIRE(got.has_value());
  CHECK_FALSE(*got);
}

TEST_CASE("credential helper: it may ignore what it is given", "[credential_helper]") {
  auto got = Helper("exec 0<&-\necho '{\"Username\":\"u\",\"Secret\":\"s\"}'\n").run(std::string(1000, 'a'));
  REQUIRE(got.has_value());
  CHECK((*got)->username == "u");
}

TEST_CASE("credential helper: nothing that it writes is repeated in an error", "[credential_helper]") {
  for (const char* script : {"echo s3cr3t\necho s3cr3t >&2\nexit 1\n", "echo s3cr3t\n", "echo '{\"Secret\":5,\"Username\":\"s3cr3t\"}'\n",
                             "echo '[\"s3cr3t\"]'\n", "echo '{\"Username\":\"s3cr3t\",\"Secret\":\"\"}'\n", "exit 0\n", "kill -9 $$\n"}) {
    INFO(script);
    auto got = Helper(script).run();
    REQUIRE(got.has_error());
    CHECK_FALSE(mentions(got.error(), "s3cr3t"));
    CHECK(mentions(got.error(), "the credential helper docker-credential-test: "));
    CHECK(mentions(got.error(), "try it by hand: echo r.example | docker-credential-test get"));
  }
}

TEST_CASE("credential helper: an endless answer is refused, and the helper is ended", "[credential_helper]") {
  auto got = Helper("exec yes\n").run();
  REQUIRE(got.has_error());
  CHECK(got.error().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("credential helper: its name cannot lead elsewhere, and no shell reads it", "[credential_helper]") {
  const Helper helper("echo '{\"Username\":\"u\",\"Secret\":\"s\"}'\n");
  for (const char* name : {"", "../test", "test;x", "te st", "$(x)", "a/b", "test\n"}) {
    INFO(name);
    CHECK_FALSE(is_helper_name(name));
    auto got = helper.run("r", name);
    REQUIRE(got.has_error());
    CHECK(got.error().code() == ErrorCode::configuration);
  }
  CHECK(is_helper_name("ecr-login"));
  CHECK(is_helper_name("osx_keychain.v2"));
  auto missing = helper.run("r", "another");
  REQUIRE(missing.has_error());
  CHECK(mentions(missing.error(), "docker-credential-another is not in PATH"));
  CHECK(run_credential_helper("test", "r", "").has_error());
}

TEST_CASE("credential helper: relative folders of PATH are passed over", "[credential_helper]") {
  const Helper helper("echo '{\"Username\":\"u\",\"Secret\":\"s\"}'\n");
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(helper.folder.path());
  CHECK(run_credential_helper("test", "r", ".:").has_error());
  std::filesystem::current_path(here);
}
