// SPDX-License-Identifier: Apache-2.0
#include "storage/local/store.hpp"

#include "core/base/json.hpp"
#include "storage/sqlite/sqlite.hpp"
#include "tests/storage/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace landwaiter::storage {
namespace {

using test::TemporaryDirectory;
using namespace std::chrono_literals;

Digest digest(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }

const Digest kState = digest("state 1");
const SystemTime kNow = from_unix_us(1'800'000'000'000'000);

LayerReport report_of(std::string_view layer, const Digest& state = kState) {
  LayerReport report;
  report.layer = digest(layer);
  report.detector_state = state;
  Finding finding;
  finding.id = digest("certificate").str();
  finding.title = "CN=example";
  finding.attributes = {{"subject", "CN=example"}};
  finding.occurrences.push_back({.path = "etc/ssl/a.pem", .archive = {"x.jar", "b"}, .offset = 12, .layer = {}, .deleted_by = {}});
  finding.detector = "x509/1";
  report.findings.push_back(finding);
  report.whiteouts = {"etc/old"};
  report.written.add("etc/ssl/a.pem", false);
  report.written.seal();
  report.stats.files = 3;
  return report;
}

std::unique_ptr<Store> open(const std::filesystem::path& folder) {
  auto store = Store::open(folder);
  INFO((store ? std::string() : store.error().message()));
  REQUIRE(store.has_value());
  return *std::move(store);
}

}  // namespace

TEST_CASE("store: all of it persists over a reopening") {
  const TemporaryDirectory folder;
  const ImageRecord record{{"a:1", digest("image"), "linux/amd64", {digest("l1")}, "", {}}, kState, kNow};
  {
    auto store = open(folder.path() / "state");
    REQUIRE(store->put_layer_report(report_of("l1"), kNow).has_value());
    REQUIRE(store->put_image(record).has_value());
    REQUIRE(store->put_value("token", std::string("\0binary\xff", 8)).has_value());
    REQUIRE(store->enqueue({0, "complete", "job-1", "{\"a\":1}"}).has_value());
  }
  auto store = open(folder.path() / "state");
  const auto report = store->layer_report(digest("l1"), kState).value();
  REQUIRE(report.has_value());
  CHECK(dump_json(*report) == dump_json(report_of("l1")));
  CHECK(store->has_layer_report(digest("l1"), kState).value());
  const auto image = store->image(digest("image"), kState).value();
  REQUIRE(image);
  CHECK(dump_json(image->facts) == dump_json(record.facts));
  CHECK(image->scanned_at == kNow);
  CHECK(store->value("token").value() == std::string("\0binary\xff", 8));
  const auto outbox = store->outbox(10).value();
  REQUIRE(outbox.size() == 1);
  CHECK(outbox[0].payload == "{\"a\":1}");
}

TEST_CASE("store: what is not there is not there, and another detector state is another key") {
  auto store = Store::open_in_memory().value();
  REQUIRE(store->put_layer_report(report_of("l1"), kNow).has_value());
  CHECK_FALSE(store->layer_report(digest("l1"), digest("state 2")).value().has_value());
  CHECK_FALSE(store->layer_report(digest("l2"), kState).value().has_value());
  CHECK_FALSE(store->has_layer_report(digest("l2"), kState).value());
  CHECK_FALSE(store->image(digest("i"), kState).value().has_value());
  CHECK_FALSE(store->value("x").value().has_value());
  CHECK(store->outbox(10).value().empty());
}

TEST_CASE("store: the outbox keeps order, replaces by key, and acknowledging an old version leaves the new one") {
  auto store = Store::open_in_memory().value();
  REQUIRE(store->enqueue({0, "layer", "a", "1"}).has_value());
  REQUIRE(store->enqueue({0, "layer", "b", "2"}).has_value());
  const auto first = store->outbox(1).value();
  REQUIRE(first.size() == 1);
  CHECK(first[0].key == "a");
  REQUIRE(store->enqueue({0, "layer", "a", "3"}).has_value());
  REQUIRE(store->acknowledge(first[0].id).has_value());
  const auto left = store->outbox(10).value();
  REQUIRE(left.size() == 2);
  CHECK(left[0].key == "b");
  CHECK(left[1].payload == "3");
}

TEST_CASE("store: pruning drops other detector states and unused reports, and the file shrinks") {
  const TemporaryDirectory folder;
  auto store = open(folder.path());
  // Digests do not compress, so this makes a file of a few MiB.
  LayerReport large = report_of("large", digest("old state"));
  for (int i = 0; i < 40'000; ++i) large.whiteouts.push_back(digest(std::to_string(i)).str());
  REQUIRE(store->put_layer_report(large, kNow).has_value());
  REQUIRE(store->put_layer_report(report_of("unused"), kNow - 48h).has_value());
  REQUIRE(store->put_layer_report(report_of("old but used"), kNow - 48h).has_value());
  REQUIRE(store->put_image({{"a:1", digest("image"), "", {digest("old but used")}, "", {}}, kState, kNow}).has_value());
  REQUIRE(store->put_image({{"a:1", digest("image"), "", {}, "", {}}, digest("old state"), kNow}).has_value());
  REQUIRE(store->enqueue({0, "layer", "kept", "x"}).has_value());
  REQUIRE(store->prune(kState, kNow - 24h).has_value());
  CHECK_FALSE(store->has_layer_report(digest("large"), digest("old state")).value());
  CHECK_FALSE(store->has_layer_report(digest("unused"), kState).value());
  CHECK(store->has_layer_report(digest("old but used"), kState).value());
  CHECK(store->image(digest("image"), kState).value().has_value());
  CHECK_FALSE(store->image(digest("image"), digest("old state")).value().has_value());
  CHECK(store->outbox(10).value().size() == 1);
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) bytes += entry.file_size();
  CHECK(bytes < 256 * 1024);
}

TEST_CASE("store: a kill at any moment loses nothing that was acknowledged") {
  const TemporaryDirectory folder;
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto store = Store::open(folder.path());
    for (int i = 0; store; ++i) {
      if (!(*store)->put_layer_report(report_of(std::to_string(i)), kNow)) ::_exit(1);
      if (::write(pipe[1], "x", 1) != 1) ::_exit(1);
    }
    ::_exit(1);
  }
  ::close(pipe[1]);
  constexpr int kWritten = 25;
  char byte = 0;
  for (int i = 0; i < kWritten; ++i) REQUIRE(::read(pipe[0], &byte, 1) == 1);
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  ::close(pipe[0]);
  auto store = open(folder.path());
  for (int i = 0; i < kWritten; ++i) CHECK(store->layer_report(digest(std::to_string(i)), kState).value().has_value());
}

TEST_CASE("store: a damaged stored report is an io error with the layer's name, not a crash") {
  const TemporaryDirectory folder;
  open(folder.path());
  {
    auto database = Database::open(folder.path() / "landwaiter.db", std::array<std::string_view, 2>{"", ""}).value();
    Transaction write(*database, Transaction::Kind::write);
    write.run("INSERT INTO layer_report VALUES(?,?,?,0)", {digest("bad"), kState, Bytes{1, 2, 3}});
    REQUIRE(write.commit().has_value());
  }
  auto store = open(folder.path());
  const auto report = store->layer_report(digest("bad"), kState);
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().code() == ErrorCode::io);
  CHECK(report.error().message().find(digest("bad").str()) != std::string::npos);
}

TEST_CASE("store: what a listing learned is found again, until no listing saw it for long") {
  const TemporaryDirectory folder;
  ManifestFacts image;
  image.digest = digest("image");
  image.config = digest("config");
  image.size_bytes = 5;
  ManifestFacts index;
  index.digest = digest("index");
  index.kind = ManifestFacts::Kind::index;
  index.members = {{digest("image"), "type", "linux/amd64", false}};
  {
    auto store = open(folder.path());
    REQUIRE(store->put_listing({{image, index}, {"host/a"}}, kNow).has_value());
    image.config_read = true;
    image.created = "2026-01-01T00:00:00Z";
    REQUIRE(store->put_listing({{image}, {}}, kNow).has_value());
  }
  auto store = open(folder.path());
  const auto known = [&](const Digest& wanted, SystemTime now) {
    const auto found = store->manifests({digest("unknown"), wanted}, now);
    REQUIRE(found.has_value());
    return *found;
  };
  REQUIRE(known(digest("image"), kNow).size() == 1);
  CHECK(known(digest("image"), kNow)[0].created == image.created);
  CHECK(known(digest("index"), kNow)[0].members.size() == 1);
  CHECK(store->repository_walked("host/a", kNow).value());
  CHECK_FALSE(store->repository_walked("host/b", kNow).value());

  // Being seen again is a use: the image lives on, the index and the repository do not.
  REQUIRE(known(digest("image"), kNow + 48h).size() == 1);
  REQUIRE(store->prune(kState, kNow + 24h).has_value());
  CHECK(known(digest("image"), kNow).size() == 1);
  CHECK(known(digest("index"), kNow).empty());
  CHECK_FALSE(store->repository_walked("host/a", kNow).value());
  REQUIRE(store->prune_listings(kNow + 72h).has_value());
  CHECK(known(digest("image"), kNow).empty());
}

}  // namespace landwaiter::storage
