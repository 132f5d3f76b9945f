// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/blob_garbage.hpp"

#include "platform/blobs/folder_blobs.hpp"
#include "platform/store/content/layers.hpp"
#include "platform/upkeep/garbage.hpp"
#include "platform/upkeep/verify.hpp"
#include "storage/compress.hpp"
#include "tests/platform/support/test_platform.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

namespace landwaiter::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Kind = storage::Transaction::Kind;

const TestPlatform::Settings kInFolder{.reports_in_folder = true};

std::int64_t count_of(const TestPlatform& platform, std::string_view sql) {
  const auto database = platform.connect();
  storage::Transaction read(*database, Kind::read);
  return read.number(sql);
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::ranges::count_if(fs::recursive_directory_iterator(folder), [](const auto& each) { return each.is_regular_file(); }));
}

json read_one_image(TestPlatform& platform, const TestSensor& sensor) {
  platform.scan_images({"localhost:5000/app:1"});
  const json listing = platform.acquire(sensor).at(0);
  REQUIRE(platform.job_call(sensor, listing, "inventory", page({item("app", "1", "image")})).status == 200);
  json job = platform.acquire(sensor).at(0);
  REQUIRE(platform.job_call(sensor, job, "layers", claim_body(job, {"l"})).status == 200);
  REQUIRE(platform.put_layer(sensor, layer_report("l")).status == 204);
  return job;
}

}  // namespace

TEST_CASE("reports in a folder: put, read and composed as those in the database") {
  TestPlatform in_folder(kInFolder);
  TestPlatform in_rows;
  json reports[2];
  json images[2];
  std::size_t at = 0;
  for (TestPlatform* platform : {&in_folder, &in_rows}) {
    const TestSensor sensor = platform->enroll();
    const json job = read_one_image(*platform, sensor);
    REQUIRE(platform->job_call(sensor, job, "complete", completion("image", {"l"})).status == 200);
    reports[at] = platform->get(report_path(layer_report("l"))).body;
    const Reply image = platform->get("/v3/images/" + digest("image").str() + "/report");
    REQUIRE(image.status == 200);
    images[at++] = image.body["findings"];
  }
  CHECK(reports[0] == reports[1]);
  CHECK(images[0].size() == images[1].size());
  CHECK(count_of(in_rows, "SELECT count(*) FROM layer_report WHERE place='row' AND report IS NOT NULL") == 2);
  CHECK(count_of(in_folder, "SELECT count(*) FROM layer_report WHERE place<>'row' AND report IS NULL") == 2);
  CHECK(files_in(in_folder.reports_folder()) == 2);
}

TEST_CASE("reports in a folder: one that is gone or damaged is told, by the platform and by verify") {
  TestPlatform platform(kInFolder);
  const TestSensor sensor = platform.enroll();
  read_one_image(platform, sensor);
  CHECK(platform::verify_kept(platform.config(), platform.clock).value().problems.empty());
  platform::PlatformConfig without = platform.config();
  without.reports = {};
  CHECK(platform::verify_kept(without, platform.clock).value().problems.size() == 1);
  fs::remove_all(platform.reports_folder());
  const auto verified = platform::verify_kept(platform.config(), platform.clock).value();
  REQUIRE(verified.problems.size() == 2);
  CHECK(verified.problems[0].find(platform.reports_folder().string() + ": has no ") == 0);
  CHECK(platform.get(report_path(layer_report("l"))).status >= 400);
}

TEST_CASE("blobs that no row names go after a day, and one that is named again stays") {
  const auto database = platform_database();
  const SystemTime now = from_rfc3339("2026-05-01T00:00:00Z").value();
  const std::string first = platform::blob_name(Bytes{1});
  const std::string second = platform::blob_name(Bytes{2});
  storage::Transaction write(*database, Kind::write);
  const LayerReport report = layer_report("l");
  REQUIRE(platform::put_layer_report(write, report, platform::PackedPart(Bytes{1}, first), "s", now).has_value());
  REQUIRE(platform::put_layer_report(write, layer_report("other"), platform::PackedPart(Bytes{1}, first), "s", now).has_value());
  CHECK(platform::take_garbage(write, now, 10).empty());
  // The same again is the same.
  REQUIRE(platform::put_layer_report(write, report, platform::PackedPart(Bytes{1}, first), "s", now).has_value());
  const std::int64_t id = write.number("SELECT min(id) FROM layer_report");
  for (const char* rows : {"id=?", "id>?"}) {
    platform::note_blob_is_gone(write, rows[2] == '=' ? id : id + 1, now);
    write.run("DELETE FROM layer_report WHERE " + std::string(rows), {id});
    const bool named = rows[2] == '=';
    CHECK(platform::take_garbage(write, now, 10).empty());
    if (named) CHECK(platform::take_garbage(write, now + 1s, 10).empty());
  }
  // Named again in time.
  REQUIRE(platform::use_blob(write, first).has_value());
  CHECK(platform::take_garbage(write, now + 1s, 10).empty());
  CHECK(platform::note_orphans(write, std::vector<std::string>{first, second}, now) == 2);
  CHECK(platform::note_orphans(write, std::vector<std::string>{first, second}, now) == 0);
  CHECK(platform::take_garbage(write, now + 1s, 1).size() == 1);
  CHECK(platform::take_garbage(write, now + 1s, 10).size() == 2);
  // While it is being removed, nobody may name it; afterwards it is put again.
  const auto refused = platform::put_layer_report(write, report, platform::PackedPart(Bytes{1}, first), "s", now);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == ErrorCode::unavailable);
  platform::forget_garbage(write, std::vector<std::string>{first, second});
  CHECK(platform::put_layer_report(write, report, platform::PackedPart(Bytes{1}, first), "s", now).has_value());
  CHECK(platform::take_garbage(write, now + 1s, 10).empty());
  REQUIRE(write.commit().has_value());
}

TEST_CASE("gc drops what is outdated, and finds blobs that no row names") {
  TestPlatform platform(kInFolder);
  const TestSensor sensor = platform.enroll();
  read_one_image(platform, sensor);
  const auto blobs = platform::open_folder_blobs(platform.reports_folder()).value();
  const std::string orphan = blobs->put(Bytes{9}).value();
  platform.kill();
  // Files have the machine's time: in the test's eyes a day and more ago.
  platform.clock.advance(std::chrono::hours(24 * 20));
  for (const auto& each : fs::recursive_directory_iterator(platform.reports_folder())) {
    if (each.is_regular_file()) fs::last_write_time(each, fs::file_time_type::clock::from_sys(platform.clock.now() - 48h));
  }
  const auto counted = platform::collect_garbage(platform.config(), true, platform.clock);
  REQUIRE(counted.has_value());
  CHECK(counted->rows == 2);
  CHECK(count_of(platform, "SELECT count(*) FROM layer_report") == 2);
  const auto collected = platform::collect_garbage(platform.config(), false, platform.clock);
  REQUIRE(collected.has_value());
  CHECK(collected->rows == 2);
  CHECK(collected->blobs == 0);
  CHECK(collected->orphans == 1);
  CHECK(files_in(platform.reports_folder()) == 3);
  platform.clock.advance(25h);
  CHECK(platform::collect_garbage(platform.config(), false, platform.clock).value().blobs == 3);
  CHECK(files_in(platform.reports_folder()) == 0);
  CHECK(blobs->get(orphan).error().code() == ErrorCode::not_found);
  platform.start();
}

}  // namespace landwaiter::test
