// SPDX-License-Identifier: Apache-2.0
#include "registry/client/manifest.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

#include <functional>

using namespace landwaiter;
using namespace landwaiter::registry;
using nlohmann::json;

namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');
const std::string kOciIndex = "application/vnd.oci.image.index.v1+json";
const std::string kOciManifest = "application/vnd.oci.image.manifest.v1+json";

json descriptor(const std::string& type, json size = 10) { return {{"mediaType", type}, {"digest", kDigest}, {"size", std::move(size)}}; }

json image() {
  return {{"schemaVersion", 2},
          {"config", descriptor("application/vnd.oci.image.config.v1+json")},
          {"layers", json::array({descriptor("application/vnd.oci.image.layer.v1.tar+gzip")})}};
}

json index() {
  json child = descriptor(kOciManifest);
  child["platform"] = {{"os", "linux"}, {"architecture", "arm"}, {"variant", "v7"}};
  return {{"schemaVersion", 2}, {"manifests", json::array({child})}};
}

Result<ManifestDocument> parse(const json& document, std::string content_type = "") {
  std::string body = document.dump();
  const Digest digest = Digest::sha256_of(as_bytes(body));
  return parse_manifest(std::move(body), std::move(content_type), digest);
}

ErrorCode code_of(const json& document) {
  auto got = parse(document);
  REQUIRE(got.has_error());
  INFO(got.error().message());
  return got.error().code();
}

json changed(json document, const std::function<void(json&)>& change) {
  change(document);
  return document;
}

}  // namespace

TEST_CASE("image manifests are read", "[manifest]") {
  auto got = parse(image(), "text/plain; charset=utf-8");
  REQUIRE(got.has_value());
  REQUIRE(got->image.has_value());
  CHECK_FALSE(got->index.has_value());
  CHECK(got->content_type == "text/plain");
  CHECK(got->image->media_type == kOciManifest);
  CHECK(got->image->is_image());
  CHECK(got->image->layers.at(0).size_bytes == 10);
  CHECK(got->digest == Digest::sha256_of(as_bytes(got->body)));
}

TEST_CASE("indexes and their platforms are read", "[manifest]") {
  json document = index();
  json attestation = descriptor(kOciManifest);
  attestation["platform"] = {{"os", "unknown"}, {"architecture", "unknown"}};
  json annotated = descriptor(kOciManifest);
  annotated["annotations"] = {{"vnd.docker.reference.type", "attestation-manifest"}};
  document["manifests"].push_back(attestation);
  document["manifests"].push_back(annotated);
  auto got = parse(document);
  REQUIRE(got.has_value());
  REQUIRE(got->index.has_value());
  CHECK_FALSE(got->image.has_value());
  REQUIRE(got->index->manifests.size() == 3);
  CHECK(got->index->manifests[0].platform == "linux/arm/v7");
  CHECK_FALSE(got->index->manifests[0].attestation);
  CHECK(got->index->manifests[1].attestation);
  CHECK(got->index->manifests[2].attestation);
}

TEST_CASE("the body decides, and contradictions are malformed", "[manifest]") {
  CHECK(code_of(changed(image(), [](json& d) { d["manifests"] = index()["manifests"]; })) == ErrorCode::malformed);
  CHECK(code_of(changed(image(), [](json& d) { d["mediaType"] = kOciIndex; })) == ErrorCode::malformed);
  CHECK(code_of(changed(index(), [](json& d) { d["mediaType"] = kOciManifest; })) == ErrorCode::malformed);
  CHECK(code_of(changed(index(), [](json& d) { d["config"] = image()["config"]; })) == ErrorCode::malformed);
}

TEST_CASE("Docker's list and OCI's index are one shape, whatever general content type they are sent with", "[manifest]") {
  const std::string docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
  for (const std::string& sent :
       {kOciIndex, docker_list, std::string("text/plain"), std::string("application/json; charset=utf-8"), std::string()}) {
    for (const std::string& own : {kOciIndex, docker_list, std::string()}) {
      INFO(sent << " " << own);
      auto got = parse(changed(index(),
                               [&](json& d) {
                                 if (!own.empty()) d["mediaType"] = own;
                               }),
                       sent);
      REQUIRE(got.has_value());
      CHECK(got->index.has_value());
    }
  }
}

TEST_CASE("schema 1 is unsupported in clear words, also as text/plain, application/json or without a signature", "[manifest]") {
  const json unsigned_form{{"schemaVersion", 1}, {"name", "a"}, {"tag", "1"}, {"fsLayers", json::array()}};
  json signed_form = unsigned_form;
  signed_form["signatures"] = json::array({json{{"protected", "e30"}}});
  for (const char* type : {"text/plain", "application/json", "application/vnd.docker.distribution.manifest.v1+prettyjws", ""}) {
    for (const json& document : {unsigned_form, signed_form}) {
      INFO(type);
      auto got = parse(document, type);
      REQUIRE(got.has_error());
      CHECK(got.error().code() == ErrorCode::unsupported);
      CHECK(got.error().message().find("schema 1") != std::string::npos);
    }
  }
}

TEST_CASE("OCI's artifact manifests are no images", "[manifest]") {
  const auto got = parse(
      {{"mediaType", "application/vnd.oci.artifact.manifest.v1+json"}, {"artifactType", "application/x-sbom"}, {"blobs", json::array()}});
  REQUIRE(got.has_value());
  CHECK_FALSE(got->image->is_image());
  CHECK(got->image->artifact_type == "application/x-sbom");
}

TEST_CASE("where media types are missing or unknown, the content decides", "[manifest]") {
  const std::vector<std::function<void(json&)>> changes{
      [](json& d) { d.erase("schemaVersion"); },
      [](json& d) { d["mediaType"] = "application/x-other"; },
      [](json& d) { d["layers"][0].erase("mediaType"); },
      [](json& d) { d["layers"][0]["mediaType"] = ""; },
      [](json& d) { d["layers"][0]["mediaType"] = nullptr; },
      [](json& d) { d["layers"][0]["mediaType"] = "application/vnd.example.layer.v1.tar+gzip"; },
      [](json& d) { d["layers"][0]["mediaType"] = "application/vnd.example.rootfs"; },
      [](json& d) { d["config"].erase("mediaType"); },
      [](json& d) { d["layers"].push_back(descriptor("application/vnd.in-toto+json")); },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    INFO(i);
    const auto got = parse(changed(image(), changes[i]));
    REQUIRE(got.has_value());
    CHECK(got->image->is_image());
  }
  const auto members = parse(changed(index(), [](json& d) {
    d.erase("schemaVersion");
    d["manifests"][0].erase("mediaType");
  }));
  REQUIRE(members.has_value());
  CHECK(members->index->manifests[0].media_type.empty());
  // Another version is another format.
  for (const json& version : {json(3), json("2"), json(nullptr)}) {
    CHECK(code_of(changed(image(), [&](json& d) { d["schemaVersion"] = version; })) == ErrorCode::malformed);
  }
}

TEST_CASE("content that a manifest carries itself is proven before anybody sees it", "[manifest]") {
  const std::string content = "{}";
  const auto carry = [&](json& descriptor, const std::string& data, std::uint64_t size) {
    descriptor["digest"] = Digest::sha256_of(as_bytes(content)).str();
    descriptor["size"] = size;
    descriptor["data"] = base64_encode(as_bytes(data));
  };
  for (const bool of_config : {true, false}) {
    INFO(of_config);
    const auto document = [&](const std::string& data, std::uint64_t size) {
      return changed(image(), [&](json& d) { carry(of_config ? d["config"] : d["layers"][0], data, size); });
    };
    auto good = parse(document(content, 2));
    REQUIRE(good.has_value());
    CHECK((of_config ? good->image->config : good->image->layers[0]).data == content);
    CHECK(code_of(document("[]", 2)) == ErrorCode::digest_mismatch);
    CHECK(code_of(document(content, 3)) == ErrorCode::digest_mismatch);
    CHECK(code_of(document("", 2)) == ErrorCode::digest_mismatch);
  }
  CHECK(code_of(changed(image(), [](json& d) { d["config"]["data"] = "!"; })) == ErrorCode::malformed);
  CHECK_FALSE(parse(image())->image->config.data.has_value());
}

TEST_CASE("sha512 digests name configs, layers and manifests", "[manifest]") {
  const std::string digest = "sha512:" + std::string(128, 'b');
  auto got = parse(changed(image(), [&](json& d) { d["config"]["digest"] = d["layers"][0]["digest"] = digest; }));
  REQUIRE(got.has_value());
  CHECK(got->image->config.digest.algorithm() == Digest::Algorithm::sha512);
  CHECK(got->image->layers[0].digest.str() == digest);
  CHECK(code_of(changed(image(), [&](json& d) { d["layers"][0]["digest"] = "sha512:" + std::string(64, 'b'); })) == ErrorCode::malformed);
}

TEST_CASE("relabeled layers and configs still make an image", "[manifest]") {
  for (const char* type : {"application/x-gzip", "text/plain", "application/octet-stream", "application/x-tar"}) {
    INFO(type);
    CHECK(parse(changed(image(), [&](json& d) { d["layers"][0]["mediaType"] = type; }))->image->is_image());
  }
  for (const char* type : {"application/octet-stream", "text/plain", "application/vnd.docker.container.image.v1+json"}) {
    INFO(type);
    CHECK(parse(changed(image(), [&](json& d) { d["config"]["mediaType"] = type; }))->image->is_image());
  }
}

TEST_CASE("broken documents are refused", "[manifest]") {
  CHECK(code_of(json::array()) == ErrorCode::malformed);
  CHECK(code_of({{"schemaVersion", 2}}) == ErrorCode::malformed);
  CHECK(code_of(changed(image(), [](json& d) { d.erase("config"); })) == ErrorCode::malformed);
  CHECK(code_of(changed(image(), [](json& d) { d["layers"] = nullptr; })) == ErrorCode::malformed);
  CHECK(code_of(changed(image(), [](json& d) { d["layers"][0] = 1; })) == ErrorCode::malformed);
  CHECK(code_of(changed(image(), [](json& d) { d["layers"][0]["digest"] = "sha256:../../x"; })) == ErrorCode::malformed);
  for (const json& size : {json(-1), json(1.5), json("1"), json(nullptr), json(1e30)}) {
    CHECK(code_of(changed(image(), [&](json& d) { d["layers"][0]["size"] = size; })) == ErrorCode::malformed);
  }
  auto not_json = parse_manifest("<html>", "", Digest());
  REQUIRE(not_json.has_error());
  CHECK(not_json.error().code() == ErrorCode::malformed);
}

TEST_CASE("counts and sizes have limits", "[manifest]") {
  const json layer = image()["layers"][0];
  const json child = index()["manifests"][0];
  CHECK(code_of(changed(image(), [](json& d) { d["layers"][0]["size"] = limits::layer_bytes_max + 1; })) == ErrorCode::limit_exceeded);
  CHECK(code_of(changed(index(), [](json& d) { d["manifests"][0]["size"] = limits::manifest_bytes_max + 1; })) ==
        ErrorCode::limit_exceeded);
  CHECK(code_of(changed(image(), [&](json& d) { d["layers"] = json(limits::manifest_layers_max + 1, layer); })) ==
        ErrorCode::limit_exceeded);
  CHECK(code_of(changed(index(), [&](json& d) { d["manifests"] = json(limits::index_manifests_max + 1, child); })) ==
        ErrorCode::limit_exceeded);
  auto huge = parse_manifest(std::string(limits::manifest_bytes_max + 1, ' '), "", Digest());
  REQUIRE(huge.has_error());
  CHECK(huge.error().code() == ErrorCode::limit_exceeded);
  auto deep = parse_manifest(std::string(100'000, '['), "", Digest());
  REQUIRE(deep.has_error());
}

TEST_CASE("layers that cannot be scanned are marked", "[manifest]") {
  json document = image();
  document["layers"] = {descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
                        descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
                        descriptor("application/vnd.oci.image.layer.v1.tar+gzip+encrypted")};
  auto got = parse(document);
  REQUIRE(got.has_value());
  CHECK(got->image->layers[0].foreign);
  CHECK(got->image->layers[1].foreign);
  CHECK(got->image->layers[2].encrypted);
  CHECK_FALSE(got->image->layers[2].foreign);
}

TEST_CASE("other artifacts are no images", "[manifest]") {
  json signature = image();
  for (const char* type : {"application/vnd.dev.cosign.simplesigning.v1+json", "application/vnd.in-toto+json", "text/spdx",
                           "application/vnd.cyclonedx+xml", "application/json", "Application/SPDX+JSON"}) {
    INFO(type);
    signature["layers"] = json::array({descriptor(type)});
    CHECK_FALSE(parse(signature)->image->is_image());
  }
  json helm = image();
  helm["config"] = descriptor("application/vnd.cncf.helm.config.v1+json");
  CHECK_FALSE(parse(helm)->image->is_image());
}
