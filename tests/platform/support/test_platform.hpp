// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/report/report.hpp"
#include "platform/platform.hpp"
#include "storage/database/database.hpp"
#include "tests/platform/support/http_client.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace landwaiter::test {

using nlohmann::json;

/// A clock that stands still until it is advanced.
class FakeClock final : public Clock {
 public:
  SystemTime now() const override { return from_unix_us(now_us_); }
  SteadyTime steady_now() const override { return SteadyTime(std::chrono::microseconds(now_us_.load())); }
  void advance(std::chrono::seconds by) { now_us_ += std::chrono::microseconds(by).count(); }

 private:
  std::atomic<std::int64_t> now_us_ = 1'800'000'000'000'000;
};

struct Reply {
  int status = 0;
  std::string text;
  json body;  ///< null when there is none
  std::map<std::string, std::string> headers;
};

using Headers = std::map<std::string, std::string>;

/// A sensor that was enrolled, with the keys that open what is sealed to it.
struct TestSensor {
  std::string id;
  std::string token;
  std::string public_key;
  std::string secret_key;
};

/// A platform in this process, on the engine that LANDWAITER_TEST_ENGINE names (sqlite, which is the default, or postgres), on a free port
/// of loopback, spoken to over real HTTP.
class TestPlatform {
 public:
  struct Settings {
    std::chrono::milliseconds reap_interval{20};
    std::chrono::milliseconds stop_delay{0};
    Secret database = {};  ///< empty: the engine's
    bool reports_in_folder = false;
  };
  TestPlatform();
  explicit TestPlatform(Settings settings);
  /// One more process of the same PostgreSQL database.
  TestPlatform(const TestPlatform& first, Settings settings);
  ~TestPlatform();

  /// Drops the platform without stopping it and opens the same folder again.
  void kill_and_restart();
  /// Only the first half.
  void kill();
  void start();
  void stop_gracefully();
  /// Only says so.
  void begin_to_stop();

  Reply call(const std::string& method, const std::string& path, const json& body = nullptr, const std::string& token = "",
             const Headers& headers = {});
  Reply call_text(const std::string& method, const std::string& path, const std::string& body, const std::string& token,
                  const Headers& headers = {});
  /// With the API token.
  Reply get(const std::string& path) { return call("GET", path, nullptr, api_token); }
  Reply post(const std::string& path, const json& body = json::object()) { return call("POST", path, body, api_token); }

  /// A sensor for cryptography alone, at this state.
  TestSensor enroll(const std::string& name = "sensor", const std::string& state = "state 1");
  TestSensor enroll(const std::string& name, const AnalysisStates& states);
  std::string new_token(const std::string& kind);
  /// The scan's id.
  std::string scan_images(const std::vector<std::string>& images, bool incremental = true);
  /// The jobs, without waiting.
  json acquire(const TestSensor& sensor, int capacity = 1);
  Reply job_call(const TestSensor& sensor, const json& job, const std::string& verb, const json& body);
  /// The facts of the report's layer, and the report.
  Reply put_layer(const TestSensor& sensor, const LayerReport& report);
  Reply put_facts(const TestSensor& sensor, const std::string& layer);
  Reply put_report(const TestSensor& sensor, const LayerReport& report);

  FakeClock clock;
  std::string api_token;
  std::uint16_t port = 0;
  std::uint16_t metrics_port = 0;
  const std::filesystem::path& folder() const { return folder_.path(); }
  platform::PlatformConfig config() const;
  /// Of layer reports, if they are in one.
  std::filesystem::path reports_folder() const { return folder_.path() / "reports"; }
  /// To what it stores, beside it.
  std::unique_ptr<storage::Database> connect() const;

 private:
  TemporaryDirectory folder_;
  Settings settings_;
  std::filesystem::path master_key_;
  std::unique_ptr<boost::asio::io_context> io_;
  std::unique_ptr<platform::Platform> platform_;
  std::thread thread_;
};

/// An empty database with the platform's schema.
std::unique_ptr<storage::Database> platform_database();

Digest digest(std::string_view text);
/// For cryptography alone.
EngineState engine_at(const std::string& state = "state 1");
/// For cryptography at "state 1" and secrets at this state.
EngineState engine_with_secrets(const std::string& secrets);
LayerFacts layer_facts(const std::string& layer);
std::string report_path(const LayerReport& report);
/// With a certificate that all layers share, and one of its own.
LayerReport layer_report(const std::string& layer, const std::string& state = "state 1");
/// With one finding that is named after the state.
LayerReport secrets_report(const std::string& layer, const std::string& state);
json claim_body(const json& job, const std::vector<std::string>& layers, bool force = false, const EngineState& engine = engine_at());
json item(const std::string& repository, const std::string& tag, const std::string& image, const std::string& outcome = "image");
json page(const std::vector<json>& items, bool last = true, const std::string& cursor = "");
json completion(const std::string& image, const std::vector<std::string>& layers, bool unchanged = false,
                const EngineState& engine = engine_at());
json failure(bool retryable, const std::string& code = "unavailable", bool handed_back = false);
/// Whether that is so now, or within half a minute.
bool becomes(const std::function<bool()>& true_now);
/// listed is the sum of the other counts.
bool adds_up(const json& counts);

}  // namespace landwaiter::test
