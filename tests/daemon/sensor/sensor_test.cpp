// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor/sensor.hpp"

#include "daemon/reader/local_reader.hpp"

#include "core/base/clock.hpp"
#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/wire/protocol.hpp"
#include "core/wire/protocol_version.hpp"
#include "core/wire/sealed_credentials.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temp_dir.hpp"

#include <sodium.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

using namespace landwaiter;
using namespace landwaiter::daemon;
using nlohmann::json;
using test::ScriptedRequest;
using test::ScriptedResponse;

namespace {

/// A platform that gives its jobs once, and a registry that has nothing.
struct FakePlatform {
  explicit FakePlatform(json jobs) : given(std::move(jobs)) {}

  ScriptedResponse answer(const ScriptedRequest& request) {
    const std::string path = request.path();
    if (request.method != "POST") authorized = authorized || !request.header("authorization").empty();  // by the registry's client
    if (path == "/v3/sensors/enroll") {
      if (on_enroll) on_enroll(json::parse(request.body).at("public_key"));
      const protocol::EnrollmentAnswer enrolled{"s1", Secret("lws_t"), enrollment_version, std::chrono::seconds(1)};
      return {.status = 201, .body = dump_json(enrolled)};
    }
    if (path == "/v3/sensors/me/heartbeat") {
      if (!refusal.is_null()) return {.status = 409, .body = dump_json(refusal)};
      protocol::HeartbeatAnswer beat;
      beat.interval = std::chrono::seconds(1);
      beat.protocol_version = protocol::kVersions.back();
      return {.body = dump_json(beat)};
    }
    if (path == "/v3/jobs/acquire") {
      asked = json::parse(request.body);
      if (given.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(20));  // a very short long poll
      return {.body = dump_json({{"jobs", std::exchange(given, json::array())}})};
    }
    if (path.ends_with("/fail")) {
      failures[path] = json::parse(request.body);
      leases[path] = request.header("landwaiter-lease");
      return {.body = R"({"accepted":true})"};
    }
    return {.status = 404, .body = "{}"};
  }

  int enrollment_version = protocol::kVersions.back();
  std::function<void(const std::string& public_key)> on_enroll;
  bool authorized = false;  ///< the registry got credentials
  json refusal;             ///< of heartbeats
  json given;
  json asked;
  std::map<std::string, json> failures;
  std::map<std::string, std::string> leases;
};

json job(const std::string& id, const std::string& registry) {
  protocol::Job out;
  out.id = id;
  out.scan_id = "scan";
  out.lease_token = Secret("lease of " + id);
  out.registry = {"r", "r", registry, "docker-v2", true, true};
  out.work = protocol::ImageWork{"app", {"1"}, Digest::sha256_of(as_bytes(std::string_view("x")))};
  return out;
}

SensorConfig settings(const test::TempDir& state, const test::ScriptedServer& server) {
  SensorConfig config;
  config.name = "test";
  config.state_directory = state.path();
  config.platform_url = server.url();
  config.enrollment_token = Secret("lwe_t");
  config.workers = 1;
  return config;
}

/// As the platform seals credentials for this job.
std::string sealed(const std::string& public_key, const protocol::Job& job) {
  const Secret text =
      protocol::bind_credentials(serialize(Credentials::basic("u", Secret("c4nary"))), job, RealClock().now() + protocol::kSealedTimeMax)
          .value();
  const Bytes key = base64_decode(public_key).value();
  Bytes out(text.reveal().size() + crypto_box_SEALBYTES);
  REQUIRE(crypto_box_seal(out.data(), as_bytes(text.reveal()).data(), text.reveal().size(), key.data()) == 0);
  return base64_encode(out);
}

}  // namespace

TEST_CASE("A job of an unknown kind, or whose registry was changed on the way, is refused alone, and the others run", "[sensor]") {
  REQUIRE(sodium_init() >= 0);
  FakePlatform platform(json::array());
  asio::io_context io;
  Sensor* running = nullptr;
  std::mutex one_at_a_time;  // each connection has a thread
  const auto handle = [&](const ScriptedRequest& request) {
    const std::scoped_lock lock(one_at_a_time);
    ScriptedResponse response = platform.answer(request);
    if (platform.failures.size() == 3 && running != nullptr) {
      asio::post(io, [sensor = std::exchange(running, nullptr)] { sensor->stop(); });
    }
    return response;
  };
  test::ScriptedServer server(handle);
  json strange = job("strange", server.host());
  strange["kind"] = "check";
  platform.given = json::array({strange, job("known", server.host())});
  // Somebody on the way changed where the registry is.
  platform.on_enroll = [&](const std::string& public_key) {
    json moved = job("moved", "bank.example");
    moved["sealed_credentials"] = sealed(public_key, moved.get<protocol::Job>());
    moved["registry"]["endpoint"] = server.host();
    platform.given.push_back(moved);
  };

  test::TempDir state;
  const RealClock clock;
  const SensorConfig config = settings(state, server);
  Sensor sensor(io.get_executor(), config, clock, LocalReader::create);
  running = &sensor;
  Result<void> ended = Error(ErrorCode::internal, "it did not end");
  asio::co_spawn(io, sensor.run(), [&](std::exception_ptr failure, Result<void> result) {
    if (failure) std::rethrow_exception(failure);
    ended = std::move(result);
  });
  io.run_for(std::chrono::seconds(60));

  REQUIRE(ended.has_value());
  const std::scoped_lock lock(one_at_a_time);
  CHECK(platform.asked["kinds"] == json({"list", "image"}));
  const json refusal = platform.failures["/v3/jobs/strange/fail"];
  CHECK(refusal["code"] == "unsupported");
  CHECK(refusal["retryable"] == true);
  CHECK(refusal["handed_back"] == false);
  CHECK(refusal["reason"].get<std::string>().find("unknown kind of job \"check\"") != std::string::npos);
  CHECK(platform.leases["/v3/jobs/strange/fail"] == "lease of strange");
  CHECK(platform.failures["/v3/jobs/known/fail"]["code"] == "not_found");
  const json moved = platform.failures["/v3/jobs/moved/fail"];
  CHECK(moved["code"] == "unauthorized");
  CHECK(moved["retryable"] == false);
  CHECK(moved["reason"].get<std::string>().find("sealed for another registry address") != std::string::npos);
  CHECK_FALSE(platform.authorized);
}

TEST_CASE("A job that comes again while its old lease is still at work keeps its new lease", "[sensor]") {
  REQUIRE(sodium_init() >= 0);
  FakePlatform platform(json::array());
  asio::io_context io;
  Sensor* running = nullptr;
  std::mutex one_at_a_time;
  std::condition_variable changed;
  int asked = 0, given = 0, beats = 0, renewed = 0;
  bool over = false;
  const auto registry_answer = [&](const ScriptedRequest&) {
    std::unique_lock lock(one_at_a_time);
    const int number = ++asked;
    changed.wait_for(lock, std::chrono::seconds(30), [&] { return over || (number == 1 && given == 2); });
    return ScriptedResponse{.status = 404, .body = "{}"};
  };
  test::ScriptedServer registry(registry_answer);
  const auto platform_answer = [&](const ScriptedRequest& request) {
    const std::scoped_lock lock(one_at_a_time);
    if (request.path() == "/v3/jobs/acquire" && given < 2 && asked == given) {
      json again = job("j", registry.host());
      again["lease_token"] = "lease " + std::to_string(++given);
      again["image"]["digest"] = Digest::sha256_of(as_bytes(std::to_string(given))).str();  // requests for one manifest are joined
      platform.given.push_back(again);
    }
    if (request.path() == "/v3/sensors/me/heartbeat" && asked == 2 && !over) {
      const json beat = json::parse(request.body);
      for (const json& one : beat.at("jobs")) renewed += one.at("lease_token") == "lease 2" ? 1 : 0;
      over = ++beats == 2;
      if (over) asio::post(io, [sensor = std::exchange(running, nullptr)] { sensor->stop(); });
    }
    changed.notify_all();
    return platform.answer(request);
  };
  test::ScriptedServer server(platform_answer);
  test::TempDir state;
  const RealClock clock;
  const SensorConfig config = settings(state, server);
  Sensor sensor(io.get_executor(), config, clock, LocalReader::create);
  running = &sensor;
  asio::co_spawn(io, sensor.run(), asio::detached);
  io.run_for(std::chrono::seconds(60));
  const std::scoped_lock lock(one_at_a_time);
  CHECK(asked == 2);
  CHECK(renewed == 2);
}

TEST_CASE("A platform without a common version of the protocol ends the sensor with a sentence that says what to update", "[sensor]") {
  REQUIRE(sodium_init() >= 0);
  FakePlatform platform(json::array());
  std::string sentence;
  SECTION("when the sensor enrolls") {
    platform.enrollment_version = protocol::kVersions.back() + 1;
    sentence = "update the sensor";
  }
  SECTION("when it runs, after an update") {
    platform.refusal = {{"type", "urn:landwaiter:problem:protocol-version"}, {"status", 409}, {"detail", "too old: update the platform"}};
    sentence = "too old: update the platform";
  }
  test::ScriptedServer server([&](const ScriptedRequest& request) { return platform.answer(request); });
  test::TempDir state;
  const RealClock clock;
  const SensorConfig config = settings(state, server);
  asio::io_context io;
  Sensor sensor(io.get_executor(), config, clock, LocalReader::create);
  Result<void> ended;
  asio::co_spawn(io, sensor.run(), [&](std::exception_ptr failure, Result<void> result) {
    if (failure) std::rethrow_exception(failure);
    ended = std::move(result);
  });
  io.run_for(std::chrono::seconds(60));
  REQUIRE_FALSE(ended.has_value());
  CHECK(ended.error().code() == ErrorCode::unsupported);
  CHECK(ended.error().message().find(sentence) != std::string::npos);
  CHECK(platform.asked.is_null());  // no job was taken
}
