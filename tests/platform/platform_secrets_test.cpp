// SPDX-License-Identifier: Apache-2.0
// What must not be on disk in clear, and who can read what is sealed.
#include "core/base/encoding.hpp"
#include "core/wire/sealed_credentials.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <sodium.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace landwaiter::test {
namespace {

constexpr const char* kPassword = "correct-horse-battery";

/// All bytes of all files in the state folder.
std::string everything(const std::filesystem::path& folder) {
  std::ostringstream all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) all << std::ifstream(entry.path(), std::ios::binary).rdbuf();
  }
  return all.str();
}

std::string unseal(const TestSensor& sensor, const std::string& sealed) {
  const Bytes box = base64_decode(sealed).value();
  if (box.size() < crypto_box_SEALBYTES) return {};
  std::string plain(box.size() - crypto_box_SEALBYTES, '\0');
  const int opened = crypto_box_seal_open(reinterpret_cast<unsigned char*>(plain.data()), box.data(), box.size(),
                                          as_bytes(sensor.public_key).data(), as_bytes(sensor.secret_key).data());
  return opened == 0 ? plain : std::string();
}

}  // namespace

TEST_CASE("secrets: credentials reach the sensor sealed, and the disk encrypted") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll("a"), other = platform.enroll("b");
  const Reply created = platform.post(
      "/v3/scan/create",
      {{"sensorType", "Container"}, {"sensorConfig", {{"username", "u"}, {"password", kPassword}, {"images", {"localhost:5000/a:1"}}}}});
  REQUIRE(created.status == 201);
  const json job = platform.acquire(sensor).at(0);
  const Secret opened(unseal(sensor, job["sealed_credentials"]));
  const auto leased = job.get<protocol::Job>();
  const auto credentials = protocol::unbind_credentials(opened, leased, platform.clock.now()).value();
  CHECK_FALSE(protocol::unbind_credentials(opened, leased, platform.clock.now() + protocol::kSealedTimeMax));
  CHECK(credentials.username == "u");
  CHECK(credentials.password.equals(kPassword));
  CHECK(unseal(other, job["sealed_credentials"]).empty());
  CHECK(everything(platform.folder()).find(kPassword) == std::string::npos);
  CHECK(dump_json(job).find(kPassword) == std::string::npos);

  SECTION("a token wins over a password") {
    REQUIRE(
        platform
            .post("/v3/scan/create",
                  {{"sensorType", "Container"},
                   {"sensorConfig", {{"username", "u"}, {"password", kPassword}, {"token", "t0ken"}, {"images", {"localhost:5000/a:1"}}}}})
            .status == 201);
    const json next = platform.acquire(sensor).at(0);
    const Secret again(unseal(sensor, next["sealed_credentials"]));
    CHECK(protocol::unbind_credentials(again, leased, platform.clock.now()).error().code() == ErrorCode::unauthorized);
    const auto second = protocol::unbind_credentials(again, next.get<protocol::Job>(), platform.clock.now()).value();
    CHECK(second.token.equals("t0ken"));
    CHECK(second.username == "u");
    CHECK(second.password.empty());
  }
}

TEST_CASE("secrets: a registry's credentials are never shown, and used for scans that bring none") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  const Reply made = platform.post("/v3/registries",
                                   {{"name", "mine"}, {"endpoint", "http://localhost:5000/"}, {"username", "u"}, {"password", kPassword}});
  REQUIRE(made.status == 201);
  CHECK(made.body["has_credentials"] == true);
  CHECK(made.body["plain_http"] == true);
  CHECK(made.body["endpoint"] == "localhost:5000");
  CHECK(made.text.find(kPassword) == std::string::npos);
  const std::string id = made.body["id"];
  CHECK(platform.get("/v3/registries").text.find(kPassword) == std::string::npos);
  CHECK(platform.post("/v3/registries", {{"name", "mine"}, {"endpoint", "other"}}).status == 409);
  platform.scan_images({"localhost:5000/app:1"});
  const json job = platform.acquire(sensor).at(0);
  CHECK(job["registry"]["id"] == id);
  CHECK(unseal(sensor, job["sealed_credentials"]).find(kPassword) != std::string::npos);
  CHECK(everything(platform.folder()).find(kPassword) == std::string::npos);

  CHECK(platform.call("DELETE", "/v3/registries/" + id, nullptr, platform.api_token).status == 409);  // a scan runs
  REQUIRE(platform.job_call(sensor, job, "inventory", page({})).status == 200);
  const Reply walk = platform.post("/v3/registries/" + id + "/scan", {{"repositories", {"app*"}}});
  REQUIRE(walk.status == 201);
  const json listing = platform.acquire(sensor).at(0);
  CHECK(listing["list"]["repositories"] == json({"app*"}));
  CHECK(listing["list"]["references"].empty());
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({})).status == 200);
  CHECK(platform.call("DELETE", "/v3/registries/" + id, nullptr, platform.api_token).status == 204);
  CHECK(platform.get("/v3/registries/" + id).status == 404);
  CHECK(platform.post("/v3/registries/" + id + "/scan").status == 404);
}

TEST_CASE("secrets: tokens are on disk as hashes only, and files are private") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/app:1"});
  const json job = platform.acquire(sensor).at(0);
  const std::string bytes = everything(platform.folder());
  for (const std::string& secret : {platform.api_token, sensor.token, job["lease_token"].get<std::string>()}) {
    CHECK(bytes.find(secret) == std::string::npos);
    CHECK(bytes.find(secret.substr(4)) == std::string::npos);
  }
  struct stat status {};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(platform.folder())) {
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    INFO(entry.path());
    CHECK((status.st_mode & 0077U) == 0);
  }
}

TEST_CASE("secrets: a database does not open with another master key") {
  TestPlatform platform;
  platform.kill();
  std::ofstream(platform.folder() / "state" / "master.key", std::ios::binary | std::ios::trunc) << std::string(32, 'k');
  const auto opened = platform::Platform::create(platform.config(), platform.clock);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().message().find("master key") != std::string::npos);
}

}  // namespace landwaiter::test
