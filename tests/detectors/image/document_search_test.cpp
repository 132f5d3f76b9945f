// SPDX-License-Identifier: Apache-2.0
#include "detectors/image/document_search.hpp"

#include "core/base/encoding.hpp"
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

struct Made {
  Material material;
  std::string pem, id;
  std::shared_ptr<const Engine> engine = Engine::create({.try_passwords = true}).value();

  Made() {
    material.key("k", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    pem = material.file("k.pem");
    id = material.key_id("k.pem");
  }
};

const Made& made() {
  static const Made made;
  return made;
}

ImageFindings search(std::string config, std::string manifest = {}) {
  ImageDocuments image;
  image.config_bytes = std::move(config);
  image.manifest_bytes = std::move(manifest);
  return DocumentSearch(made().engine).analyze(image);
}

/// The only finding, which is the key; its JSON holds no part of the key's text.
Finding only_key(const ImageFindings& found) {
  REQUIRE(found.findings.size() == 1);
  const Finding& key = found.findings[0];
  CHECK(key.type == FindingType::private_key);
  CHECK(key.id == made().id);
  CHECK(key.severity == Severity::high);
  REQUIRE(key.occurrences.size() == 1);
  CHECK(key.occurrences[0].layer.empty());
  const std::string said = dump_json(key);
  CHECK(said.find(made().pem.substr(30, 20)) == std::string::npos);
  return key;
}

std::string place_in(const json& config) {
  const ImageFindings found = search(config.dump());
  CHECK(found.diagnostics.empty());
  const Finding key = only_key(found);
  CHECK(key.occurrences[0].where == Where::config);
  return key.occurrences[0].path;
}

std::string on_one_line(std::string pem) {
  for (std::size_t at = 0; (at = pem.find('\n', at)) != std::string::npos; at += 2) pem.replace(at, 1, "\\n");
  return pem;
}

}  // namespace

TEST_CASE("A key is found wherever in the config it stands, and however it is written") {
  const std::string& pem = made().pem;
  CHECK(place_in({{"config", {{"Env", {"PATH=/bin", "TLS_KEY=" + pem}}}}}) == "env[1] (TLS_KEY)");
  CHECK(place_in({{"config", {{"Env", {"TLS_KEY=" + on_one_line(pem)}}}}}) == "env[0] (TLS_KEY)");
  CHECK(place_in({{"config", {{"Env", {"TLS_KEY=" + base64_encode(as_bytes(pem))}}}}}) == "env[0] (TLS_KEY)");
  CHECK(place_in({{"config", {{"Env", {pem}}}}}) == "env[0]");
  CHECK(place_in({{"config", {{"Labels", {{"maintainer", "me"}, {"tls.key", pem}}}}}}) == "labels.tls.key");
  CHECK(place_in({{"config", {{"Labels", {{pem, "tls.key"}}}}}}) == "labels (a member's name)");
  CHECK(place_in({{"config", {{"Cmd", {"/bin/app", "--key", pem}}}}}) == "cmd[2]");
  CHECK(place_in({{"config", {{"Entrypoint", {"sh", "-c", "echo '" + pem + "' > key"}}}}}) == "entrypoint[2]");
  CHECK(place_in({{"history", {{{"created_by", "COPY a b"}}, {{"created_by", "RUN |1 KEY=" + pem + " /bin/sh -c make # buildkit"}}}}}) ==
        "history[1]");
  CHECK(place_in({{"container_config", {{"Env", {"KEY=" + pem}}}}}) == "container_config.env[0] (KEY)");
  CHECK(place_in({{"of.my.own", {{"nested", {{{"key", pem}}}}}}}) == "of.my.own.nested[0].key");
}

TEST_CASE("No escape hides a key, and no member that comes twice") {
  std::string escaped;
  for (const char c : made().pem) {
    constexpr char kHex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    escaped += std::string("\\u00") + kHex[byte >> 4U] + kHex[byte & 15U];
  }
  const std::string config = R"({"config":{"Env":["K=)" + escaped + R"("]},"config":{"Env":[]}})";
  const ImageFindings found = search(config);
  CHECK(found.diagnostics.empty());
  CHECK(only_key(found).occurrences[0].path == "env[0] (K)");
}

TEST_CASE("A document that cannot be read is searched as it is, and that is said") {
  const std::string config = R"({"config":{"Env":["K=)" + on_one_line(made().pem) + R"("]}, and no end)";
  ImageFindings found = search(config);
  REQUIRE(found.diagnostics.size() == 1);
  CHECK(found.diagnostics[0].code == ErrorCode::malformed);
  CHECK(found.diagnostics[0].message == "the image's config is searched as it is: it is not valid JSON");
  normalize(found.findings);
  REQUIRE(found.findings.size() == 1);
  REQUIRE(found.findings[0].occurrences.size() == 2);
  CHECK(found.findings[0].occurrences[0].path.empty());
  CHECK(found.findings[0].occurrences[1].path == "env[0] (K)");
  // Before the key nothing could be read.
  CHECK(only_key(search("no JSON " + made().pem)).occurrences[0].path.empty());
  CHECK(only_key(search("no JSON" + std::string(limits::window_bytes, ' ') + made().pem)).occurrences[0].path.empty());
}

TEST_CASE("The manifest is searched as well") {
  const json manifest{{"schemaVersion", 2}, {"annotations", {{"org.example.key", made().pem}}}};
  const ImageFindings found = search("{}", manifest.dump());
  CHECK(found.diagnostics.empty());
  const Finding key = only_key(found);
  CHECK(key.occurrences[0].where == Where::manifest);
  CHECK(key.occurrences[0].path == "annotations.org.example.key");
}

TEST_CASE("What a manifest embeds of a blob is left to whoever reads the blob") {
  const auto embedded = [](const char* member) {
    const json descriptor{{"digest", "sha256:ab"}, {member, made().pem}};
    return search("{}", json{{"config", descriptor}, {"layers", {descriptor, descriptor}}}.dump()).findings.size();
  };
  CHECK(embedded("data") == 0);
  CHECK(embedded("note") == 1);
  CHECK(search("{}", json{{"other", {{"data", made().pem}}}}.dump()).findings.size() == 1);
  CHECK(search(json{{"config", {{"data", made().pem}}}}.dump(), "{}").findings.size() == 1);
}

TEST_CASE("A token is found in a variable") {
  const auto part = [](const std::string& text) { return base64url_encode(as_bytes(text)); };
  const std::string token =
      part(R"({"alg":"HS256","typ":"JWT"})") + '.' + part(R"({"iss":"me","sub":"you"})") + '.' + part(std::string(32, 's'));
  const ImageFindings found = search(json{{"config", {{"Env", {"API_TOKEN=" + token}}}}}.dump());
  REQUIRE(found.findings.size() == 1);
  CHECK(found.findings[0].type == FindingType::token);
  REQUIRE(found.findings[0].occurrences.size() == 1);
  CHECK(found.findings[0].occurrences[0].path == "env[0] (API_TOKEN)");
  CHECK(dump_json(found.findings[0]).find(token.substr(token.size() - 20)) == std::string::npos);
}

TEST_CASE("Nothing is found in an ordinary config, nor in none") {
  const json config{{"architecture", "amd64"},
                    {"os", "linux"},
                    {"config",
                     {{"Env",
                       {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "OPENSSL_VERSION=3.0.15",
                        "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
                        "PYTHON_SHA256=086de5882e3cb310d4dca48457522e2e48018ecd43da9cdf827f6a0759efb07d"}},
                      {"Cmd", {"nginx", "-g", "daemon off;"}},
                      {"Labels", {{"maintainer", "NGINX Docker Maintainers <docker-maint@nginx.com>"}}}}},
                    {"history", {{{"created_by", "RUN /bin/sh -c apk add --no-cache openssl ca-certificates # buildkit"}}}}};
  const ImageFindings found = search(config.dump(), R"({"schemaVersion":2,"layers":[{"digest":"sha256:0"}]})");
  CHECK(found.findings.empty());
  CHECK(found.diagnostics.empty());
  CHECK(search({}).findings.empty());
  CHECK(search({}).diagnostics.empty());
}

}  // namespace landwaiter::detectors
