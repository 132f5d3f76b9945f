// SPDX-License-Identifier: Apache-2.0
// One image from a source in memory, through the real pool, store and detectors.
#include "daemon/scan/image_runner.hpp"
#include "daemon/reader/local_reader.hpp"
#include "tests/support/run_awaitable.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "registry/client/blob_reader.hpp"
#include "registry/client/media_types.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/image_builder.hpp"

#include <algorithm>
#include <map>

using namespace landwaiter;
using landwaiter::test::run_awaitable;
using namespace landwaiter::daemon;
using nlohmann::json;

namespace {

const std::string kLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const std::string kForeignType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

Digest digest_of(const std::string& bytes, Digest::Algorithm algorithm = Digest::Algorithm::sha256) {
  Hasher hasher(algorithm);
  hasher.update(as_bytes(bytes));
  return hasher.finish();
}

json descriptor(const std::string& type, const std::string& content) {
  return {{"mediaType", type}, {"digest", digest_of(content).str()}, {"size", content.size()}};
}

class TextReader final : public registry::BlobReader {
 public:
  explicit TextReader(std::string text) : text_(std::move(text)) {}
  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const std::size_t size = std::min(buffer.size(), text_.size());
    std::copy_n(text_.begin(), size, buffer.begin());
    text_.erase(0, size);
    co_return size;
  }

 private:
  std::string text_;
};

class MemorySource final : public registry::ImageSource {
 public:
  void put(const std::string& bytes) {
    blobs[digest_of(bytes)] = bytes;
    blobs[digest_of(bytes, Digest::Algorithm::sha512)] = bytes;
  }
  Awaitable<registry::ManifestDocument> manifest(std::string reference) override {
    const Digest digest = Digest::parse(reference).value();
    co_return registry::parse_manifest(blobs.at(digest), "", digest);
  }
  Awaitable<std::string> small_blob(registry::Descriptor descriptor) override {
    auto op = open_blob(descriptor);
    auto reader = co_await std::move(op);
    if (!reader) co_return reader.error();
    auto reading = registry::read_proven(std::move(*reader), std::move(descriptor), 1'000'000);
    co_return co_await std::move(reading);
  }
  Awaitable<std::unique_ptr<registry::BlobReader>> open_blob(registry::Descriptor descriptor) override {
    ++asked[descriptor.digest];
    const auto found = blobs.find(descriptor.digest);
    if (found == blobs.end()) co_return Error(ErrorCode::not_found, "no blob " + descriptor.digest.str());
    std::unique_ptr<registry::BlobReader> reader = std::make_unique<TextReader>(found->second);
    co_return reader;
  }
  std::string display_name() const override { return "memory"; }

  std::map<Digest, std::string> blobs;
  std::map<Digest, int> asked;
};

/// An image in the making: its manifest and config as JSON, to be changed before it is scanned.
struct Fixture {
  Fixture() {
    config = {{"os", "linux"}, {"architecture", "amd64"}, {"rootfs", {{"type", "layers"}, {"diff_ids", json::array()}}}};
    manifest = {{"schemaVersion", 2}, {"layers", json::array()}};
  }

  /// A gzip layer with one file; returns its blob.
  std::string add_layer(const std::string& content, const std::string& type = kLayerType, bool stored = true) {
    return add_blob(test::compress(test::make_tar({{"etc/" + content, content}}), test::Compression::gzip), type, stored);
  }

  std::string add_blob(const std::string& blob, const std::string& type = kLayerType, bool stored = true) {
    if (stored) source->put(blob);
    manifest["layers"].push_back(descriptor(type, blob));
    config["rootfs"]["diff_ids"].push_back(digest_of(blob).str());
    return blob;
  }

  Result<ImageOutcome> run() {
    const std::string config_text = config.is_string() ? config.get<std::string>() : config.dump();
    if (store_config) source->put(config_text);
    json& from = manifest["config"];
    if (from.is_null()) from = descriptor("application/vnd.oci.image.config.v1+json", config_text);
    const std::string text = manifest.dump();
    source->put(text);
    ImageTask task;
    task.source = source;
    task.digest = digest_of(text);
    task.display = "memory:1";
    task.platform = "index/said";
    task.book = LocalClaims::open_book(claims);
    return run_awaitable(io, runner.run(std::move(task)));
  }

  std::optional<storage::ImageRecord> remembered(const Digest& image) {
    auto look_up = [image, state = engine->state()](storage::Store& s) { return s.image(image, state); };
    return run_awaitable(io, store.run(std::move(look_up))).value();
  }

  asio::io_context io;
  RealClock clock;
  std::shared_ptr<const detectors::Engine> engine = detectors::Engine::create(context()).value();
  std::shared_ptr<LocalReader> reader = std::make_shared<LocalReader>(engine);
  StoreThread store{storage::Store::open_in_memory().value()};
  ScanPool pool{io.get_executor(), reader, 2, clock};
  LocalClaims claims{io.get_executor(), store, engine->state(), clock, true};
  ImageRunner runner{io.get_executor(), pool, store, clock};
  std::shared_ptr<MemorySource> source = std::make_shared<MemorySource>();
  json config;
  json manifest;
  bool store_config = true;

 private:
  static detectors::DetectorContext context() {
    detectors::DetectorContext out;
    return out;
  }
};

}  // namespace

TEST_CASE("an image's layers are read and it is remembered", "[image_job]") {
  Fixture f;
  const Digest layer = digest_of(f.add_layer("a"));
  auto outcome = f.run();
  REQUIRE(outcome.has_value());
  CHECK(outcome->facts.layers == std::vector<Digest>{layer});
  CHECK(outcome->facts.platform == "linux/amd64");
  CHECK(outcome->facts.diagnostics.empty());
  CHECK(outcome->layers_fetched == 1);
  CHECK(f.remembered(outcome->facts.digest).has_value());
  auto again = f.run();
  REQUIRE(again.has_value());
  CHECK(again->unchanged);
}

TEST_CASE("a foreign layer that the registry does not keep is told, and the rest is scanned", "[image_job]") {
  Fixture f;
  const Digest first = digest_of(f.add_layer("a"));
  const Digest foreign = digest_of(f.add_layer("b", kForeignType, false));
  f.manifest["layers"][1]["urls"] = {"https://elsewhere.example/layer"};
  const Digest last = digest_of(f.add_layer("c"));
  auto outcome = f.run();
  REQUIRE(outcome.has_value());
  CHECK(outcome->facts.layers == std::vector<Digest>{first, last});
  REQUIRE(outcome->facts.diagnostics.size() == 1);
  CHECK(outcome->facts.diagnostics[0].code == ErrorCode::unsupported);
  CHECK(outcome->facts.diagnostics[0].layer == foreign);
  CHECK(outcome->facts.diagnostics[0].message.find("foreign") != std::string::npos);
  // It may be there another time.
  CHECK_FALSE(f.remembered(outcome->facts.digest).has_value());
  f.source->put(test::compress(test::make_tar({{"etc/b", "b"}}), test::Compression::gzip));
  auto later = f.run();
  REQUIRE(later.has_value());
  CHECK(later->facts.layers.size() == 3);
  CHECK(later->facts.diagnostics.empty());
  CHECK(later->layers_fetched == 1);
}

TEST_CASE("a layer that is not foreign and not there fails the image", "[image_job]") {
  Fixture f;
  f.add_layer("a", kLayerType, false);
  CHECK(f.run().error().code() == ErrorCode::not_found);
}

TEST_CASE("an encrypted layer is told and not asked for, and the rest is scanned", "[image_job]") {
  for (const char* suffix : {"+encrypted", "+enc"}) {
    INFO(suffix);
    Fixture f;
    const Digest encrypted = digest_of(f.add_layer("a", kLayerType + suffix));
    const Digest plain = digest_of(f.add_layer("b"));
    auto outcome = f.run();
    REQUIRE(outcome.has_value());
    CHECK(outcome->facts.layers == std::vector<Digest>{plain});
    REQUIRE(outcome->facts.diagnostics.size() == 1);
    CHECK(outcome->facts.diagnostics[0].layer == encrypted);
    CHECK(outcome->facts.diagnostics[0].message.find("encrypted") != std::string::npos);
    CHECK(f.source->asked[encrypted] == 0);
  }
}

TEST_CASE("what the manifest carries itself is not asked for", "[image_job]") {
  Fixture f;
  const std::string blob = f.add_layer("a", kLayerType, false);
  f.manifest["layers"][0]["data"] = base64_encode(as_bytes(blob));
  f.store_config = false;
  const std::string config = f.config.dump();
  f.manifest["config"] = descriptor("application/vnd.oci.image.config.v1+json", config);
  f.manifest["config"]["data"] = base64_encode(as_bytes(config));
  auto outcome = f.run();
  REQUIRE(outcome.has_value());
  CHECK(outcome->facts.layers == std::vector<Digest>{digest_of(blob)});
  CHECK(outcome->facts.platform == "linux/amd64");
  CHECK(outcome->layers_fetched == 1);
  CHECK(f.source->asked.empty());
}

TEST_CASE("carried content that is not what its digest says is never used", "[image_job]") {
  Fixture f;
  f.add_layer("a");
  f.manifest["layers"][0]["data"] = base64_encode(as_bytes("something else"));
  CHECK(f.run().error().code() == ErrorCode::digest_mismatch);
  CHECK(f.source->asked.empty());
}

TEST_CASE("a layer listed twice is read once and counts twice", "[image_job]") {
  Fixture f;
  const Digest layer = digest_of(f.add_layer("a"));
  f.add_layer("b");
  f.add_layer("a");
  auto outcome = f.run();
  REQUIRE(outcome.has_value());
  CHECK(outcome->facts.layers.size() == 3);
  CHECK(outcome->facts.layers[0] == outcome->facts.layers[2]);
  CHECK(outcome->layers_fetched == 2);
  CHECK(f.source->asked[layer] == 1);
}

TEST_CASE("empty layers and an image without layers are images", "[image_job]") {
  Fixture none;
  auto bare = none.run();
  REQUIRE(bare.has_value());
  CHECK(bare->facts.layers.empty());
  CHECK(bare->facts.diagnostics.empty());

  Fixture f;
  // What docker once wrote for every instruction that changes no file: gzip of a tar's two empty blocks.
  const auto well_known = hex_decode("1f8b080000096e8800ff621805a360148c5800080000ffff2eafb5ef00040000").value();
  const std::string gzip_empty(well_known.begin(), well_known.end());
  CHECK(digest_of(gzip_empty).str() == "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4");
  f.add_blob(gzip_empty);
  f.add_blob("");
  f.add_layer("a");
  auto outcome = f.run();
  REQUIRE(outcome.has_value());
  CHECK(outcome->facts.layers.size() == 3);
  CHECK(outcome->layers_fetched == 3);
}

TEST_CASE("a config that names another number of layers is told, and all layers are scanned", "[image_job]") {
  for (const bool more : {false, true}) {
    INFO(more);
    Fixture f;
    f.add_layer("a");
    f.add_layer("b");
    json& diff_ids = f.config["rootfs"]["diff_ids"];
    if (more) diff_ids.push_back(diff_ids[0]);
    else diff_ids.erase(0);
    auto outcome = f.run();
    REQUIRE(outcome.has_value());
    CHECK(outcome->layers_fetched == 2);
    REQUIRE(outcome->facts.diagnostics.size() == 1);
    CHECK(outcome->facts.diagnostics[0].code == ErrorCode::malformed);
    CHECK(outcome->facts.diagnostics[0].message.find("diff_ids") != std::string::npos);
    CHECK(outcome->facts.platform == "linux/amd64");
  }
}

TEST_CASE("a config that makes no sense is told, and all layers are scanned", "[image_job]") {
  Fixture f;
  f.add_layer("a");
  f.config = "{ this is no JSON";
  auto outcome = f.run();
  REQUIRE(outcome.has_value());
  CHECK(outcome->layers_fetched == 1);
  CHECK(outcome->facts.platform == "index/said");
  REQUIRE(outcome->facts.diagnostics.size() == 2);
  CHECK(outcome->facts.diagnostics[0].message.find("config cannot be used") != std::string::npos);
  CHECK(outcome->facts.diagnostics[1].message.find("config is searched as it is") != std::string::npos);
}

TEST_CASE("a key in the place of a digest is in no diagnostic", "[image_job]") {
  Fixture f;
  f.add_layer("a");
  f.config["rootfs"]["diff_ids"] = json::array({"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n"});
  auto outcome = f.run();
  REQUIRE(outcome.has_value());
  REQUIRE_FALSE(outcome->facts.diagnostics.empty());
  for (const Diagnostic& diagnostic : outcome->facts.diagnostics) CHECK(diagnostic.message.find("MC4CAQ") == std::string::npos);
}

TEST_CASE("a key in the place of a media type is in no error", "[image_job]") {
  Fixture f;
  f.add_layer("a");
  f.manifest["config"] = descriptor("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n", "{}");
  const auto outcome = f.run();
  REQUIRE(outcome.has_error());
  CHECK(outcome.error().code() == ErrorCode::unsupported);
  CHECK(outcome.error().message().find("MC4CAQ") == std::string::npos);
}

TEST_CASE("a config that is not what its digest says fails the image", "[image_job]") {
  Fixture f;
  f.add_layer("a");
  f.store_config = false;
  f.source->blobs[digest_of(f.config.dump())] = f.config.dump() + " ";
  CHECK(f.run().error().code() == ErrorCode::digest_mismatch);
}

TEST_CASE("sha512 digests name layers and config", "[image_job]") {
  Fixture f;
  const std::string blob = f.add_layer("a");
  f.source->blobs.erase(digest_of(blob));
  f.manifest["layers"][0]["digest"] = digest_of(blob, Digest::Algorithm::sha512).str();
  const std::string config = f.config.dump();
  f.manifest["config"] = descriptor("application/vnd.oci.image.config.v1+json", config);
  f.manifest["config"]["digest"] = digest_of(config, Digest::Algorithm::sha512).str();
  auto outcome = f.run();
  REQUIRE(outcome.has_value());
  CHECK(outcome->facts.layers.at(0).algorithm() == Digest::Algorithm::sha512);
  Fixture damaged;
  damaged.add_layer("a");
  damaged.manifest["layers"][0]["digest"] = digest_of(blob + "x", Digest::Algorithm::sha512).str();
  damaged.source->blobs[digest_of(blob + "x", Digest::Algorithm::sha512)] = blob;
  CHECK(damaged.run().error().code() == ErrorCode::digest_mismatch);
}

TEST_CASE("artifacts and indexes in an image's place are unsupported, by their name", "[image_job]") {
  Fixture chart;
  chart.add_blob("chart", "application/vnd.cncf.helm.chart.content.v1.tar+gzip");
  chart.manifest["config"] = descriptor("application/vnd.cncf.helm.config.v1+json", "{}");
  auto refused = chart.run();
  REQUIRE(refused.has_error());
  CHECK(refused.error().code() == ErrorCode::unsupported);
  CHECK(refused.error().message().find("application/vnd.cncf.helm.config.v1+json") != std::string::npos);

  Fixture index;
  const std::string text = R"({"schemaVersion":2,"manifests":[]})";
  index.source->put(text);
  ImageTask task;
  task.source = index.source;
  task.digest = digest_of(text);
  task.display = "memory:1";
  task.book = LocalClaims::open_book(index.claims);
  auto other = run_awaitable(index.io, index.runner.run(std::move(task)));
  REQUIRE(other.has_error());
  CHECK(other.error().code() == ErrorCode::unsupported);
  CHECK(other.error().message().find("index") != std::string::npos);
}

TEST_CASE("what lies in config and manifest is found, and known the next time", "[image_job]") {
  const std::string token = [] {
    const auto part = [](const std::string& text) { return base64url_encode(as_bytes(text)); };
    return part(R"({"alg":"HS256"})") + '.' + part(R"({"iss":"me"})") + '.' + part(std::string(32, 's'));
  }();
  Fixture f;
  f.add_layer("a");
  f.config["config"] = {{"Env", {"PATH=/bin", "TOKEN=" + token}}};
  f.manifest["annotations"] = {{"token", token}};
  const auto check = [](const Result<ImageOutcome>& outcome, bool unchanged) {
    REQUIRE(outcome.has_value());
    CHECK(outcome->unchanged == unchanged);
    CHECK(outcome->facts.diagnostics.empty());
    REQUIRE(outcome->facts.findings.size() == 1);
    const Finding& finding = outcome->facts.findings[0];
    CHECK(finding.type == FindingType::token);
    REQUIRE(finding.occurrences.size() == 2);
    CHECK(finding.occurrences[0] == Occurrence{"env[1] (TOKEN)", {}, 6, {}, std::nullopt, Where::config});
    CHECK(finding.occurrences[1] == Occurrence{"annotations.token", {}, 0, {}, std::nullopt, Where::manifest});
  };
  check(f.run(), false);
  const Digest config = digest_of(f.config.dump());
  CHECK(f.source->asked[config] == 1);
  check(f.run(), true);
  CHECK(f.source->asked[config] == 1);
  CHECK(f.remembered(digest_of(f.manifest.dump()))->facts.documents_state == f.pool.documents_state());
}

TEST_CASE("an image whose documents were looked at by other analyzers is looked at again, its layers are not", "[image_job]") {
  Fixture f;
  const Digest layer = digest_of(f.add_layer("a"));
  REQUIRE(f.run().has_value());
  storage::ImageRecord older = *f.remembered(digest_of(f.manifest.dump()));
  older.facts.documents_state = digest_of("older analyzers");
  auto put = [older](storage::Store& store) { return store.put_image(older); };
  REQUIRE(run_awaitable(f.io, f.store.run(std::move(put))).has_value());
  auto again = f.run();
  REQUIRE(again.has_value());
  CHECK_FALSE(again->unchanged);
  CHECK(f.source->asked[digest_of(f.config.dump())] == 2);
  CHECK(f.source->asked[layer] == 1);
  CHECK(f.remembered(digest_of(f.manifest.dump()))->facts.documents_state == f.pool.documents_state());
}

TEST_CASE("a config that is too large to be read is a diagnostic, never clean in silence", "[image_job]") {
  Fixture f;
  f.add_layer("a");
  f.config["padding"] = std::string(1'000'001, ' ');  // the source's bound
  auto outcome = f.run();
  REQUIRE(outcome.has_value());
  REQUIRE(outcome->facts.diagnostics.size() == 1);
  CHECK(outcome->facts.diagnostics[0].code == ErrorCode::limit_exceeded);
  Fixture many;
  many.config["history"] = json::array_t(10'001, json::object());
  outcome = many.run();
  REQUIRE(outcome.has_value());
  REQUIRE(outcome->facts.diagnostics.size() == 1);
  CHECK(outcome->facts.diagnostics[0].message == "the image's config has too many entries in history: only the first 10000 were read");
}
