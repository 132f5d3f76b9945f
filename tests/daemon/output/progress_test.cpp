// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/progress.hpp"

#include "daemon/output/status_line.hpp"
#include "daemon/output/text_width.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

class HandClock final : public Clock {
 public:
  SystemTime now() const override { return {}; }
  SteadyTime steady_now() const override { return time; }
  SteadyTime time{};
};

std::shared_ptr<JobCounters> counters(std::uint64_t read, std::uint64_t total, std::uint64_t layers_done, std::uint64_t layers) {
  auto out = std::make_shared<JobCounters>();
  out->layer->compressed_bytes = read;
  out->bytes_total = total;
  out->layers_done = layers_done;
  out->layers_total = layers;
  return out;
}

constexpr std::uint64_t kMiB = 1 << 20;

}  // namespace

TEST_CASE("progress names the step, the share of all and the time that is left", "[progress]") {
  HandClock clock;
  ScanStatus status(clock);
  status.images_total(4);
  auto first = counters(50 * kMiB, 50 * kMiB, 2, 2);
  status.image_started("reg.example.com/team/base:1", first);
  status.image_done(first);
  status.image_started("reg.example.com/team/planted:1", counters(50 * kMiB, 100 * kMiB, 2, 5));
  clock.time += std::chrono::seconds(30);
  const std::string text = status.text(160);
  CHECK(text.starts_with("37%  image 2 of 4: team/planted:1, layer 3 of 5  about 50 s left  100.0 MiB read  0 findings"));
}

TEST_CASE("progress is never wider than it may be, and keeps what matters most", "[progress]") {
  HandClock clock;
  ScanStatus status(clock);
  status.images_total(5);
  status.image_started("reg.example.com/team/a-rather-long-name-of-an-image:2026-11-29", counters(50 * kMiB, 100 * kMiB, 2, 5));
  clock.time += std::chrono::seconds(30);
  for (std::size_t columns = 1; columns < 200; ++columns) {
    INFO(columns << " " << status.text(columns));
    CHECK(width_of(status.text(columns)) <= columns);
  }
  CHECK(status.text(79) == "10%  image 1 of 5: team/a-rather-long-name-of-an-image:2026-11-29, layer 3 of 5");
  CHECK(status.text(39) == "10%  ...-image:2026-11-29, layer 3 of 5");
}

TEST_CASE("there is no share of what is not known", "[progress]") {
  HandClock clock;
  ScanStatus status(clock);
  status.listing_begins("reg.example.com");
  CHECK(status.text(80) == "listing reg.example.com: 0 images so far, 0 read");
  status.images_total(2);
  status.image_started("reg.example.com/a:1", counters(99, 100, 0, 1));
  clock.time += std::chrono::seconds(30);
  CHECK(status.text(120).starts_with("listing reg.example.com: 2 images so far, 0 read  scanning a:1, layer 1 of 1"));
  CHECK(status.text(160).find("left") == std::string::npos);
  CHECK(status.text(160).find('%') == std::string::npos);
  status.listing_ends();
  CHECK(status.text(160).starts_with("49%"));
}

TEST_CASE("100 percent are reached only at the end, and what is known already counts", "[progress]") {
  HandClock clock;
  ScanStatus status(clock);
  status.images_total(1);
  auto image = counters(10, 100, 4, 5);
  image->bytes_known = 85;
  status.image_started("a:1", image);
  CHECK(status.text(80).starts_with("95%"));
  image->layer->compressed_bytes = 1'000;
  CHECK(status.text(80).starts_with("99%"));
}

TEST_CASE("a terminal's line is erased before it is drawn again, and leaves nothing", "[progress]") {
  HandClock clock;
  std::string written;
  std::optional<std::size_t> columns = 20;
  const auto write = [&](const std::string& text) { written = text; };
  StatusLine line(ProgressMode::redrawn, std::chrono::seconds(30), clock, write, [&] { return columns; });
  std::size_t asked = 0;
  const auto text = [&](std::size_t width) {
    asked = width;
    return std::string(100, 'x');
  };
  line.draw(text);
  CHECK(written == "\x1b[J" + std::string(16, 'x') + "...\r");
  columns = 10;
  line.draw(text);
  CHECK(asked == 9);
  CHECK(written == "\x1b[J" + std::string(6, 'x') + "...\r");
  columns.reset();
  line.draw(text);
  CHECK(asked == 79);
  line.clear();
  CHECK(written == "\x1b[J");
  written.clear();
  line.clear();
  CHECK(written.empty());
}

TEST_CASE("without a terminal there is a line now and then", "[progress]") {
  CHECK(progress_mode(ProgressWish::none, true) == ProgressMode::off);
  CHECK(progress_mode(ProgressWish::standard, true) == ProgressMode::redrawn);
  CHECK(progress_mode(ProgressWish::standard, false) == ProgressMode::lines);
  HandClock clock;
  std::string written;
  StatusLine line(
      ProgressMode::lines, std::chrono::seconds(30), clock, [&](const std::string& text) { written += text; }, [] { return std::nullopt; });
  for (int i = 0; i < 650; ++i) {
    line.draw([](std::size_t) { return "reading"; });
    clock.time += std::chrono::milliseconds(100);
  }
  line.clear();
  CHECK(written == "landwaiter: reading\nlandwaiter: reading\n");
}
