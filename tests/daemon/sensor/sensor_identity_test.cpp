// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor/sensor_identity.hpp"

#include "core/base/encoding.hpp"
#include "core/os/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <sodium.h>

#include <fstream>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

std::string seal(const std::string& public_key_base64, const std::string& text) {
  const Bytes key = *base64_decode(public_key_base64);
  Bytes sealed(text.size() + crypto_box_SEALBYTES);
  crypto_box_seal(sealed.data(), as_bytes(text).data(), text.size(), key.data());
  return base64_encode(sealed);
}

}  // namespace

TEST_CASE("an identity survives the disk and opens what was sealed for it") {
  const test::TempDir state;
  SensorIdentity made = new_identity();
  CHECK_FALSE(made.enrolled());
  made.sensor_id = "s1";
  made.token = Secret("token");
  REQUIRE(save_identity(state.path(), made));

  const auto loaded = load_identity(state.path());
  REQUIRE(loaded);
  CHECK(loaded->enrolled());
  CHECK(loaded->token.reveal() == "token");
  CHECK(open_sealed(*loaded, seal(made.public_key, "credentials"))->reveal() == "credentials");

  const auto mode = std::filesystem::status(state.path() / "sensor.key").permissions();
  CHECK((mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) == std::filesystem::perms::none);
}

TEST_CASE("what was sealed for another sensor, or damaged, does not open") {
  const SensorIdentity mine = new_identity();
  const SensorIdentity other = new_identity();
  CHECK(open_sealed(mine, seal(other.public_key, "x")).error().code() == ErrorCode::malformed);
  CHECK(open_sealed(mine, "").error().code() == ErrorCode::malformed);
  CHECK(open_sealed(mine, "!!!").error().code() == ErrorCode::malformed);
  std::string damaged = seal(mine.public_key, "x");
  damaged[20] = damaged[20] == 'A' ? 'B' : 'A';
  CHECK(open_sealed(mine, damaged).error().code() == ErrorCode::malformed);
}

TEST_CASE("a damaged identity file is an error, not a new identity") {
  const test::TempDir state;
  REQUIRE(write_private_file(state.path() / "sensor.key", "{\"sensor_id\": 1}"));
  CHECK(load_identity(state.path()).error().code() == ErrorCode::malformed);
}

TEST_CASE("identities that others could have put there are refused, and one out of reach is no new one") {
  const test::TempDir state;
  SensorIdentity made = new_identity();
  REQUIRE(save_identity(state.path(), made));
  const auto messages = [&state] { return std::vector<std::string>{load_identity(state.path()).error().message()}; };
  std::filesystem::permissions(state.path(), std::filesystem::perms::all);
  for (const std::string& message : messages()) CHECK(message.find("others than its owner may write to it") != std::string::npos);
  std::filesystem::permissions(state.path(), std::filesystem::perms::owner_all);
  REQUIRE(load_identity(state.path()));
  // A link that leads back to itself cannot be looked into by root either.
  std::filesystem::create_symlink("loop", state.path() / "loop");
  CHECK(load_identity(state.path() / "loop" / "state").error().message().find("cannot be used") != std::string::npos);
}
