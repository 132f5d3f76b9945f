// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/rate_floor.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/run_awaitable.hpp"

#include <boost/asio/io_context.hpp>

#include <array>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

class StoppedClock final : public Clock {
 public:
  SystemTime now() const override { return {}; }
  SteadyTime steady_now() const override { return time; }
  SteadyTime time;
};

/// Each read takes as long, and gives as many bytes.
class SlowReader final : public registry::BlobReader {
 public:
  SlowReader(StoppedClock& clock, std::chrono::seconds takes, std::size_t gives) : clock_(clock), takes_(takes), gives_(gives) {}
  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    clock_.time += takes_;
    co_return std::min(buffer.size(), gives_);
  }

 private:
  StoppedClock& clock_;
  std::chrono::seconds takes_;
  std::size_t gives_;
};

struct Outcome {
  std::size_t reads = 0;  ///< that succeeded, of at most 10,000
  std::string error;
};

/// The bytes' user takes `works` for each.
Outcome read(std::chrono::seconds takes, std::size_t gives, std::chrono::seconds works, RateFloor floor) {
  boost::asio::io_context io;
  StoppedClock clock;
  const Digest layer = Digest::parse("sha256:" + std::string(64, 'a')).value();
  const auto reader = with_rate_floor(std::make_unique<SlowReader>(clock, takes, gives), layer, clock, floor);
  std::array<std::uint8_t, 65536> buffer{};
  Outcome out;
  for (; out.reads < 10'000; ++out.reads) {
    const auto got = test::run_awaitable(io, reader->read(buffer));
    if (!got) {
      CHECK(got.error().code() == ErrorCode::timeout);
      out.error = got.error().message();
      break;
    }
    CHECK(*got == gives);
    clock.time += works;
  }
  return out;
}

constexpr std::chrono::seconds kSecond{1};
constexpr RateFloor kFloor{.grace = std::chrono::seconds(300), .bytes_per_s = 1000};

}  // namespace

TEST_CASE("a layer that comes too slowly ends, with its name, its rate and what to set") {
  const Outcome drip = read(kSecond, 10, {}, kFloor);
  CHECK(drip.reads == 303);  // 303 s are allowed for 3,030 bytes
  CHECK(drip.error.starts_with("layer sha256:aaaa"));
  CHECK(drip.error.find("10 B/s on average") != std::string::npos);
  CHECK(drip.error.find("--min-layer-rate") != std::string::npos);
  CHECK(read(90 * kSecond, 1, {}, kFloor).reads == 3);
  // Half of the floor takes twice as long as what is allowed beyond the grace.
  CHECK(read(kSecond, 500, {}, kFloor).reads == 600);
}

TEST_CASE("a layer at the floor, or one whose reader is slow itself, is read to its end") {
  CHECK(read(kSecond, 1000, {}, kFloor).reads == 10'000);
  CHECK(read({}, 10, 1000 * kSecond, kFloor).reads == 10'000);
  CHECK(read(90 * kSecond, 1, {}, {.grace = kSecond, .bytes_per_s = 0}).reads == 10'000);
}
