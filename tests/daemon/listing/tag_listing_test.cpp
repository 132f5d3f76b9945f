// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing/tag_listing.hpp"
#include "tests/support/run_awaitable.hpp"

#include "tests/support/catch.hpp"

#include <map>

using namespace landwaiter;
using landwaiter::test::run_awaitable;
using namespace landwaiter::daemon;
using protocol::InventoryItem;

namespace {

/// Manifests in memory, by tag or digest.
class MemorySourceOfManifests final : public registry::ImageSource {
 public:
  Digest add(const std::string& tag, const std::string& body) {
    const Digest digest = Digest::sha256_of(as_bytes(body));
    bodies_[digest.str()] = body;
    if (!tag.empty()) bodies_[tag] = body;
    return digest;
  }

  Awaitable<registry::ManifestDocument> manifest(std::string reference) override {
    const auto found = bodies_.find(reference);
    if (found == bodies_.end()) co_return Error(ErrorCode::not_found, "no manifest " + reference);
    co_return registry::parse_manifest(found->second, "", Digest::sha256_of(as_bytes(found->second)));
  }
  Awaitable<std::string> small_blob(registry::Descriptor) override { co_return Error(ErrorCode::not_found, "no blobs here"); }
  Awaitable<std::unique_ptr<registry::BlobReader>> open_blob(registry::Descriptor) override {
    co_return Error(ErrorCode::not_found, "no blobs here");
  }
  std::string display_name() const override { return "memory"; }

 private:
  std::map<std::string, std::string> bodies_;
};

const std::string kDigest = "sha256:" + std::string(64, '1');

std::string image(const std::string& layer_size) {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":)"
         R"("application/vnd.oci.image.config.v1+json","digest":")" +
         kDigest +
         R"(","size":2},"layers":[{"mediaType":)"
         R"("application/vnd.oci.image.layer.v1.tar+gzip","digest":")" +
         kDigest + R"(","size":)" + layer_size + "}]}";
}

std::string index_of(const std::vector<std::string>& members) {
  std::string text = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)";
  for (const std::string& member : members) text += (text.back() == '[' ? "" : ",") + member;
  return text + "]}";
}

std::string member(const Digest& digest, const std::string& extra, const std::string& type = "application/vnd.oci.image.manifest.v1+json") {
  return R"({"mediaType":")" + type + R"(","digest":")" + digest.str() + R"(","size":100)" + extra + "}";
}

std::vector<InventoryItem> list(const std::shared_ptr<MemorySourceOfManifests>& source, const std::string& reference) {
  asio::io_context io;
  return run_awaitable(io, list_reference(source, reference, "repo", reference));
}

}  // namespace

TEST_CASE("a tag of one image is one item") {
  const auto source = std::make_shared<MemorySourceOfManifests>();
  const Digest digest = source->add("one", image("77"));
  const auto items = list(source, "one");
  REQUIRE(items.size() == 1);
  CHECK(items[0].outcome == protocol::ItemOutcome::image);
  CHECK(items[0].digest == digest);
  CHECK(items[0].index_digest.empty());
  CHECK(items[0].size_bytes == 77);
  CHECK(items[0].repository == "repo");
}

TEST_CASE("an index gives an item for each real member, also of an index inside") {
  const auto source = std::make_shared<MemorySourceOfManifests>();
  const Digest amd = source->add("", image("1"));
  const Digest arm = source->add("", image("2"));
  const Digest inner = source->add("", index_of({member(arm, R"(,"platform":{"os":"linux","architecture":"arm64","variant":"v8"})")}));
  const Digest attestation = source->add("", image("3"));
  const Digest outer = source->add("multi", index_of({member(amd, R"(,"platform":{"os":"linux","architecture":"amd64"})"),
                                                      member(inner, "", "application/vnd.oci.image.index.v1+json"),
                                                      member(attestation, R"(,"platform":{"os":"unknown","architecture":"unknown"})")}));
  const auto items = list(source, "multi");
  REQUIRE(items.size() == 2);
  CHECK(items[0].digest == amd);
  CHECK(items[0].platform == "linux/amd64");
  CHECK(items[0].index_digest == outer);
  CHECK(items[1].digest == arm);
  CHECK(items[1].platform == "linux/arm64/v8");
}

TEST_CASE("an index that holds itself or nests too deep ends") {
  const auto source = std::make_shared<MemorySourceOfManifests>();
  Digest below = source->add("", image("1"));
  std::string type = "application/vnd.oci.image.manifest.v1+json";
  for (int depth = 0; depth < 8; ++depth) {
    below = source->add("deep", index_of({member(below, "", type)}));
    type = "application/vnd.oci.image.index.v1+json";
  }
  const auto items = list(source, "deep");
  REQUIRE(items.size() == 1);
  CHECK(items[0].outcome == protocol::ItemOutcome::failed);
  CHECK(items[0].reason.find("nested deeper") != std::string::npos);
}

TEST_CASE("what is gone, malformed or no image is an outcome, not an error") {
  const auto source = std::make_shared<MemorySourceOfManifests>();
  CHECK(list(source, "gone").at(0).outcome == protocol::ItemOutcome::gone);
  source->add("broken", "{");
  CHECK(list(source, "broken").at(0).outcome == protocol::ItemOutcome::failed);
  CHECK(list(source, "broken").at(0).code == "malformed");
  source->add("v1", R"({"schemaVersion":1,"name":"x","tag":"y","fsLayers":[]})");
  CHECK(list(source, "v1").at(0).outcome == protocol::ItemOutcome::unsupported);
  std::string chart = image("1");
  chart.replace(chart.find("application/vnd.oci.image.config.v1+json"), 40, "application/vnd.cncf.helm.config.v1+json");
  source->add("chart", chart);
  CHECK(list(source, "chart").at(0).outcome == protocol::ItemOutcome::unsupported);
}
