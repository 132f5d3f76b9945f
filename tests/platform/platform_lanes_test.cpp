// SPDX-License-Identifier: Apache-2.0
// What holds while something else is slow, broken, or stops.
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace landwaiter::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using storage::Access;
using storage::Transaction;

/// Nobody else can lease or end a job meanwhile.
class JobsHeld {
 public:
  explicit JobsHeld(const TestPlatform& platform)
      : database_(platform.connect()), transaction_(std::make_unique<Transaction>(*database_, Access::write)) {
    if (database_->dialect() == storage::Dialect::postgres) transaction_->script("LOCK TABLE job IN ACCESS EXCLUSIVE MODE");
    REQUIRE_FALSE(transaction_->failed());
  }

 private:
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<Transaction> transaction_;
};

/// Sends a request, and hangs up without reading the answer.
class Impatient {
 public:
  Impatient(std::uint16_t port, const std::string& path, const std::string& body, const std::string& token) : socket_(io_) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), port});
    asio::write(socket_, asio::buffer("POST " + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token +
                                      "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
  }
  void hang_up() { socket_.close(); }

 private:
  asio::io_context io_;
  asio::ip::tcp::socket socket_;
};

}  // namespace

TEST_CASE("platform: what needs no writer is answered while the writer is held") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/app:1"});
  int acquired = 0;
  std::thread waiting;
  {
    const JobsHeld held(platform);
    waiting = std::thread([&] { acquired = platform.call("POST", "/v3/jobs/acquire", {{"capacity", 1}}, sensor.token).status; });
    for (int i = 0; i < 20; ++i) {
      CHECK(platform.call("GET", "/livez").status == 200);
      CHECK(platform.call("GET", "/readyz").status == 200);
      CHECK(platform.get("/v3/tokens").status == 200);
      CHECK(platform.call("GET", "/v3/tokens", nullptr, "lwa_unknown").status == 401);
    }
  }
  waiting.join();
  CHECK(acquired == 200);
}

TEST_CASE("platform: jobs of an answer that nobody reads are free again at once, at no cost") {
  TestPlatform platform;
  const TestSensor sensor = platform.enroll();
  platform.scan_images({"localhost:5000/app:1"});
  {
    auto held = std::make_unique<JobsHeld>(platform);
    Impatient caller(platform.port, "/v3/jobs/acquire", R"({"capacity": 1, "wait_s": 20})", sensor.token);
    std::this_thread::sleep_for(300ms);  // it has begun, and waits for the jobs
    caller.hang_up();
    std::this_thread::sleep_for(100ms);
    held.reset();
  }
  json jobs = json::array();
  CHECK(becomes([&] {
    if (jobs.empty()) jobs = platform.acquire(sensor);
    return !jobs.empty();
  }));
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0]["attempt"] == 1);
}

TEST_CASE("platform: one that stops is not ready, answers who waits, and takes no new waits, before it goes") {
  TestPlatform platform({.stop_delay = 1h});
  const TestSensor sensor = platform.enroll();
  int waited = 0;
  std::thread waiting([&] { waited = platform.call("POST", "/v3/jobs/acquire", {{"capacity", 1}, {"wait_s", 50}}, sensor.token).status; });
  std::this_thread::sleep_for(100ms);
  CHECK(platform.call("GET", "/readyz").status == 200);
  platform.begin_to_stop();
  waiting.join();
  CHECK((waited == 204 || waited == 503));
  const Reply ready = platform.call("GET", "/readyz");
  CHECK(ready.status == 503);
  CHECK(ready.body["detail"] == "this process is stopping");
  CHECK(ready.headers.count("retry-after") == 1);
  CHECK(platform.call("GET", "/livez").status == 200);
  CHECK(platform.get("/v3/scans").status == 200);
  CHECK(platform.call("POST", "/v3/jobs/acquire", {{"capacity", 1}, {"wait_s", 50}}, sensor.token).status == 503);
}

}  // namespace landwaiter::test
