// SPDX-License-Identifier: Apache-2.0
#include "storage/local/store.hpp"

#include "core/base/json.hpp"
#include "core/report/layer_report_text.hpp"
#include "storage/sqlite/sqlite_database.hpp"
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

const SystemTime kNow = from_unix_us(1'800'000'000'000'000);
const AnalysisState kCryptography{Analysis::cryptography, digest("c 1")};
const AnalysisState kSecrets{Analysis::secrets, digest("s 1")};
const EngineState kEngine{digest("walker 1"), {kCryptography, kSecrets}};
/// After a change of the secrets' rules.
const EngineState kNewRules{kEngine.walker, {kCryptography, {Analysis::secrets, digest("s 2")}}};

LayerReport report_of(std::string_view layer, const AnalysisState& of) {
  LayerReport report;
  report.layer = digest(layer);
  report.of = of;
  Finding finding;
  finding.id = digest("certificate").str();
  finding.title = "CN=example";
  finding.attributes = {{"subject", "CN=example"}};
  finding.occurrences.push_back({.path = "etc/ssl/a.pem", .archive = {"x.jar", "b"}, .offset = 12, .layer = {}, .deleted_by = {}});
  finding.detector = "x509/1";
  report.findings.push_back(finding);
  return report;
}

/// All that `engine` knows of a layer, or its reports for some analyses.
ScannedLayer layer_of(std::string_view layer, const EngineState& engine = kEngine) {
  ScannedLayer scanned;
  scanned.facts.layer = digest(layer);
  scanned.facts.walker = engine.walker;
  scanned.facts.whiteouts = {"etc/old"};
  scanned.facts.written.add("etc/ssl/a.pem", false);
  scanned.facts.written.seal();
  scanned.facts.stats.files = 3;
  for (const AnalysisState& of : engine.states) scanned.reports.push_back(report_of(layer, of));
  return scanned;
}

bool is_known(Store& store, std::string_view layer, const EngineState& engine = kEngine) {
  return store.missing_parts(digest(layer), engine).value().none();
}

ImageRecord image_of(std::string_view image, std::vector<Digest> layers, const EngineState& engine = kEngine) {
  return {{"a:1", digest(image), "linux/amd64", std::move(layers), "", {}}, engine, kNow};
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
  const ImageRecord record = image_of("image", {digest("l1")});
  {
    auto store = open(folder.path() / "state");
    REQUIRE(store->put_layer(layer_of("l1"), kNow).has_value());
    REQUIRE(store->put_image(record).has_value());
    REQUIRE(store->put_value("token", std::string("\0binary\xff", 8)).has_value());
    REQUIRE(store->enqueue({0, "complete", "job-1", "{\"a\":1}"}).has_value());
  }
  auto store = open(folder.path() / "state");
  const auto layer = store->layer(digest("l1"), kEngine).value();
  REQUIRE(layer.has_value());
  CHECK(dump_json(layer->facts) == dump_json(layer_of("l1").facts));
  REQUIRE(layer->reports.size() == 2);
  CHECK(dump_json(layer->reports[0]) == dump_json(report_of("l1", kCryptography)));
  CHECK(dump_json(layer->reports[1]) == dump_json(report_of("l1", kSecrets)));
  const auto image = store->image(digest("image"), kEngine).value();
  REQUIRE(image);
  CHECK(dump_json(image->facts) == dump_json(record.facts));
  CHECK(image->scanned_at == kNow);
  CHECK(store->value("token").value() == std::string("\0binary\xff", 8));
  const auto outbox = store->outbox(10).value();
  REQUIRE(outbox.size() == 1);
  CHECK(outbox[0].payload == "{\"a\":1}");
}

TEST_CASE("store: what is missing of a layer is told part by part") {
  auto store = Store::open_in_memory().value();
  CHECK(store->missing_parts(digest("l1"), kEngine).value() == all_parts(kEngine));
  REQUIRE(store->put_layer(layer_of("l1"), kNow).has_value());
  CHECK(store->missing_parts(digest("l1"), kEngine).value().none());
  CHECK(store->missing_parts(digest("l2"), kEngine).value() == all_parts(kEngine));

  LayerParts secrets;
  secrets.analyses = {Analysis::secrets};
  CHECK(store->missing_parts(digest("l1"), kNewRules).value() == secrets);
  CHECK_FALSE(store->layer(digest("l1"), kNewRules).value().has_value());
  CHECK(store->layer_report(digest("l1"), kCryptography).value().has_value());
  CHECK_FALSE(store->layer_report(digest("l1"), kNewRules.states[1]).value().has_value());

  EngineState other_walker = kEngine;
  other_walker.walker = digest("walker 2");
  LayerParts facts;
  facts.facts = true;
  CHECK(store->missing_parts(digest("l1"), other_walker).value() == facts);
  CHECK_FALSE(store->layer_facts(digest("l1"), other_walker.walker).value().has_value());

  // Reading for secrets alone completes the layer.
  ScannedLayer read = layer_of("l1", {kEngine.walker, {kNewRules.states[1]}});
  REQUIRE(store->put_layer(read, kNow).has_value());
  CHECK(is_known(*store, "l1", kNewRules));
  CHECK(is_known(*store, "l1", kEngine));
}

TEST_CASE("store: how long a layer's reports are is known without reading them") {
  const auto store = Store::open_in_memory().value();
  CHECK(store->reports_bytes(digest("layer"), kEngine).value() == 0);
  const ScannedLayer layer = layer_of("layer");
  REQUIRE(store->put_layer(layer, kNow));
  std::size_t bytes = 0;
  for (const LayerReport& report : layer.reports) bytes += to_text(report).size();
  CHECK(store->reports_bytes(digest("layer"), kEngine).value() == bytes);
}

TEST_CASE("store: an image is known at the states of its last scan only") {
  auto store = Store::open_in_memory().value();
  CHECK_FALSE(store->image(digest("i"), kEngine).value().has_value());
  REQUIRE(store->put_image(image_of("i", {})).has_value());
  CHECK(store->image(digest("i"), kEngine).value().has_value());
  CHECK_FALSE(store->image(digest("i"), kNewRules).value().has_value());
  REQUIRE(store->put_image(image_of("i", {}, kNewRules)).has_value());
  CHECK_FALSE(store->image(digest("i"), kEngine).value().has_value());
  CHECK(store->image(digest("i"), kNewRules).value().has_value());
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

TEST_CASE("store: an item of the outbox whose payload is damaged does not keep back the others") {
  const TemporaryDirectory folder;
  auto store = open(folder.path());
  for (const char* key : {"a", "b"}) REQUIRE(store->enqueue({0, "complete", key, "payload"}).has_value());
  {
    auto database = SqliteDatabase::open(folder.path() / "landwaiter.db").value();
    Transaction write(*database, Transaction::Kind::write);
    CHECK(write.run("UPDATE outbox SET payload=x'010203' WHERE key='a'") == 1);
    REQUIRE(write.commit().has_value());
  }
  const auto items = store->outbox(10);
  REQUIRE(items.has_value());
  REQUIRE(items->size() == 2);
  CHECK((*items)[0].payload.empty());
  CHECK((*items)[1].payload == "payload");
}

TEST_CASE("store: pruning drops what is unused, and the file shrinks") {
  const TemporaryDirectory folder;
  auto store = open(folder.path());
  // Digests do not compress, so this makes a file of a few MiB.
  ScannedLayer large = layer_of("large");
  for (int i = 0; i < 40'000; ++i) large.facts.whiteouts.push_back(digest(std::to_string(i)).str());
  REQUIRE(store->put_layer(large, kNow - 48h).has_value());
  REQUIRE(store->put_layer(layer_of("unused"), kNow - 48h).has_value());
  REQUIRE(store->put_layer(layer_of("old but used"), kNow - 48h).has_value());
  REQUIRE(store->put_layer(layer_of("new", kNewRules), kNow).has_value());
  ImageRecord old_image = image_of("old image", {digest("unused")});
  old_image.scanned_at = kNow - 48h;
  REQUIRE(store->put_image(old_image).has_value());
  REQUIRE(store->put_image(image_of("image", {digest("old but used")})).has_value());
  REQUIRE(store->enqueue({0, "report", "kept", "x"}).has_value());
  REQUIRE(store->prune(kNow - 24h).has_value());

  CHECK(store->missing_parts(digest("large"), kEngine).value() == all_parts(kEngine));
  CHECK(store->missing_parts(digest("unused"), kEngine).value() == all_parts(kEngine));
  CHECK(is_known(*store, "old but used"));
  CHECK(is_known(*store, "new", kNewRules));
  CHECK_FALSE(store->image(digest("old image"), kEngine).value().has_value());
  CHECK(store->image(digest("image"), kEngine).value().has_value());
  CHECK(store->outbox(10).value().size() == 1);
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) bytes += entry.file_size();
  CHECK(bytes < 256 * 1024);
}

TEST_CASE("store: pruning after a scan leaves what scans with other options use in the same folder") {
  const TemporaryDirectory folder;
  auto mine = open(folder.path()), other = open(folder.path());
  const EngineState one_analysis{digest("walker 2"), {kCryptography}};
  REQUIRE(other->put_layer(layer_of("l1"), kNow).has_value());
  REQUIRE(other->put_image(image_of("image", {digest("l1")})).has_value());
  for (const EngineState& engine : {kNewRules, one_analysis}) {
    REQUIRE(mine->put_layer(layer_of("l2", engine), kNow).has_value());
    REQUIRE(mine->prune(kNow - 24h).has_value());
    CHECK(other->layer(digest("l1"), kEngine).value().has_value());
    CHECK(other->image(digest("image"), kEngine).value().has_value());
  }
}

TEST_CASE("store: a file of before is refused with a sentence that says what to do") {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "landwaiter.db";
  {
    const auto before = SqliteDatabase::open(file).value();
    Transaction write(*before, Transaction::Kind::write);
    write.script("CREATE TABLE layer_report(layer TEXT);PRAGMA user_version=2");
    REQUIRE(write.commit().has_value());
  }
  const auto store = Store::open(folder.path());
  REQUIRE_FALSE(store.has_value());
  CHECK(store.error().code() == ErrorCode::io);
  CHECK(store.error().message().find(file.string() + ": made by an older version") != std::string::npos);
  CHECK(store.error().message().find("delete it") != std::string::npos);
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
      if (!(*store)->put_layer(layer_of(std::to_string(i)), kNow)) ::_exit(1);
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
  for (int i = 0; i < kWritten; ++i) CHECK(store->layer(digest(std::to_string(i)), kEngine).value().has_value());
}

TEST_CASE("store: a damaged stored report is an io error with the layer's name, not a crash") {
  const TemporaryDirectory folder;
  open(folder.path());
  {
    auto database = SqliteDatabase::open(folder.path() / "landwaiter.db").value();
    Transaction write(*database, Transaction::Kind::write);
    write.run("INSERT INTO layer_report VALUES(?,'secrets',?,?,0)", {digest("bad"), kSecrets.state, Bytes{1, 2, 3}});
    REQUIRE(write.commit().has_value());
  }
  auto store = open(folder.path());
  const auto report = store->layer_report(digest("bad"), kSecrets);
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
  REQUIRE(store->prune(kNow + 24h).has_value());
  CHECK(known(digest("image"), kNow).size() == 1);
  CHECK(known(digest("index"), kNow).empty());
  CHECK_FALSE(store->repository_walked("host/a", kNow).value());
  REQUIRE(store->prune_listings(kNow + 72h).has_value());
  CHECK(known(digest("image"), kNow).empty());
}

}  // namespace landwaiter::storage
