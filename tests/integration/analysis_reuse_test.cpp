// SPDX-License-Identifier: Apache-2.0
// A registry, a platform and a sensor that are real, with the real detectors and one more of secrets whose rules change.
#include "daemon/reader/local_reader.hpp"
#include "daemon/sensor/sensor.hpp"
#include "detectors/all.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/docker_registry.hpp"
#include "tests/support/image_builder.hpp"
#include "tests/support/process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

using namespace landwaiter;
using namespace landwaiter::test;
using namespace std::chrono_literals;
using detectors::Detector;
using detectors::FindingSink;
using detectors::Hit;
using detectors::Trigger;
using detectors::Window;

namespace {

/// Finds "SECRET:". The version stands for a file of rules.
class SecretsDetector final : public Detector {
 public:
  explicit SecretsDetector(int version) : version_(version) {}
  std::string_view name() const override { return "test-secrets"; }
  int version() const override { return version_; }
  Analysis analysis() const override { return Analysis::secrets; }
  std::vector<Trigger> triggers() const override { return {{1, "SECRET:", 7}}; }
  void inspect(const Window&, const Hit& hit, FindingSink& sink) const override {
    Finding finding;
    finding.type = FindingType::token;
    finding.id = "secret-by-rules-" + std::to_string(version_);
    finding.title = finding.id;
    sink.add(std::move(finding), hit.end);
  }

 private:
  int version_;
};

/// A cryptographic detector that finds nothing and counts how often it is asked.
class CountingDetector final : public Detector {
 public:
  explicit CountingDetector(std::atomic<int>& asked) : asked_(asked) {}
  std::string_view name() const override { return "test-counting"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override { return {{1, "SECRET:", 7}}; }
  void inspect(const Window&, const Hit&, FindingSink&) const override { ++asked_; }

 private:
  std::atomic<int>& asked_;
};

/// A sensor in this process, from its making to its stop. Its state folder outlives it.
class RunningSensor {
 public:
  RunningSensor(TestPlatform& platform, const std::filesystem::path& state, int rules, std::atomic<int>& asked)
      : sensor_(io_.get_executor(), config(platform, state), clock_, reader_maker(rules, asked)) {
    boost::asio::co_spawn(io_, sensor_.run(), [this](std::exception_ptr, Result<void> result) { result_ = std::move(result); });
    thread_ = std::thread([this] { io_.run(); });
  }
  ~RunningSensor() { (void)stop(); }

  /// What run() returned.
  Result<void> stop() {
    if (thread_.joinable()) {
      boost::asio::post(io_, [this] { sensor_.stop(); });
      thread_.join();
    }
    return result_;
  }

 private:
  static daemon::SensorConfig config(TestPlatform& platform, const std::filesystem::path& state) {
    daemon::SensorConfig config;
    config.name = "sensor";
    config.state_directory = state;
    config.workers = 1;
    config.platform_url = "http://127.0.0.1:" + std::to_string(platform.port);
    config.enrollment_token = Secret(platform.new_token("enrollment"));
    return config;
  }

  static daemon::MakeContentReader reader_maker(int rules, std::atomic<int>& asked) {
    return [rules, &asked](const daemon::ReaderSettings& settings) -> Result<std::shared_ptr<daemon::ContentReader>> {
      auto list = detectors::make_all_detectors(settings.context);
      list.push_back(std::make_unique<CountingDetector>(asked));
      list.push_back(std::make_unique<SecretsDetector>(rules));
      auto engine = detectors::Engine::create(settings.context, std::move(list));
      if (!engine) return engine.error();
      return std::make_shared<daemon::LocalReader>(*std::move(engine));
    };
  }

  boost::asio::io_context io_;
  RealClock clock_;
  daemon::Sensor sensor_;
  Result<void> result_ = Error(ErrorCode::internal, "did not run");
  std::thread thread_;
};

void wait_until(const std::function<bool()>& holds) {
  for (int i = 0; i < 1200 && !holds(); ++i) std::this_thread::sleep_for(50ms);
  REQUIRE(holds());
}

/// Runs a scan of the image to its end; its counts.
json scan(TestPlatform& platform, const std::string& image) {
  const std::string id = platform.scan_images({image});
  json status;
  wait_until([&] {
    status = platform.get("/v3/scans/" + id).body;
    return status["state"] == "finished" || status["state"] == "failed";
  });
  INFO(status);
  REQUIRE(status["state"] == "finished");
  return status["counts"];
}

/// How often the image's layers were read since the log was marked.
std::ptrdiff_t layer_reads(const DockerRegistry& registry, const BuiltImage& image) {
  std::ptrdiff_t reads = 0;
  for (const AccessLogLine& line : registry.access_log()) {
    const auto is_read = [&](const Digest& layer) { return line.method == "GET" && line.path.ends_with("/blobs/" + layer.str()); };
    reads += std::ranges::count_if(image.layers, is_read);
  }
  return reads;
}

json findings(TestPlatform& platform, const std::string& type) {
  json list = platform.get("/v3/findings?type=" + type).body["findings"];
  REQUIRE(list.is_array());
  return list;
}

}  // namespace

TEST_CASE("after a change of the secrets' rules an unchanged image is read again for secrets alone", "[integration]") {
  DockerRegistry registry;
  TempDir folder;
  ProcessOptions genpkey;
  genpkey.argv = {"openssl", "genpkey", "-algorithm", "ed25519"};
  const std::string key = run_checked(genpkey).output;
  const BuiltImage image = ImageBuilder()
                               .layer({{"etc/key.pem", key}, {"etc/token", "SECRET: of the base"}})
                               .layer({{"opt/token", "SECRET: of the application"}})
                               .write(folder / "layout", "1");
  push(folder / "layout", "1", registry.host() + "/app:1");
  const std::string name = registry.host() + "/app:1";
  TestPlatform platform;
  std::atomic<int> crypto_asked = 0;

  json key_before;
  {
    RunningSensor sensor(platform, folder / "state", 1, crypto_asked);
    CHECK(scan(platform, name)["scanned"] == 1);
    CHECK(layer_reads(registry, image) == 2);
    CHECK(crypto_asked == 2);
    REQUIRE(findings(platform, "private-key").size() == 1);
    key_before = findings(platform, "private-key")[0];
    CHECK(key_before["first_seen_at"].is_string());
    REQUIRE(findings(platform, "token").size() == 1);
    CHECK(findings(platform, "token")[0]["id"] == "secret-by-rules-1");
    CHECK(findings(platform, "token")[0]["occurrences"] == 2);
    CHECK(sensor.stop().has_value());
  }

  platform.clock.advance(10s);
  registry.mark_access_log();
  RunningSensor sensor(platform, folder / "state", 2, crypto_asked);
  // Until they come, the old findings are shown as what they are.
  wait_until([&] { return platform.get("/v3/images").body["images"].at(0)["stale"] == json::array({"secrets"}); });
  CHECK(findings(platform, "token")[0]["id"] == "secret-by-rules-1");

  CHECK(scan(platform, name)["scanned"] == 1);
  CHECK(layer_reads(registry, image) == 2);
  CHECK(crypto_asked == 2);
  REQUIRE(findings(platform, "private-key").size() == 1);
  CHECK(findings(platform, "private-key")[0] == key_before);
  REQUIRE(findings(platform, "token").size() == 1);
  CHECK(findings(platform, "token")[0]["id"] == "secret-by-rules-2");
  CHECK(findings(platform, "token")[0]["first_seen_at"] > key_before["first_seen_at"]);
  CHECK(platform.get("/v3/images").body["images"].at(0)["stale"] == json::array());

  // With the same rules nothing is read any more.
  registry.mark_access_log();
  CHECK(scan(platform, name)["unchanged"] == 1);
  CHECK(layer_reads(registry, image) == 0);
}
