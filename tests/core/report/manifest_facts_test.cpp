// SPDX-License-Identifier: Apache-2.0
#include "core/report/manifest_facts.hpp"

#include "core/base/json_reader.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

Digest digest_of(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }

ManifestFacts round_trip(const ManifestFacts& facts) {
  const std::string text = dump_json(json(facts));
  INFO(text);
  const auto read = parse_json_as<ManifestFacts>(text, "facts", kJsonReport);
  REQUIRE(read);
  CHECK(dump_json(json(*read)) == text);
  return *read;
}

}  // namespace

TEST_CASE("facts of each kind of manifest go through JSON unchanged") {
  ManifestFacts image;
  image.digest = digest_of("i");
  image.media_type = "type";
  image.size_bytes = 7;
  image.config = digest_of("c");
  image.config_media_type = "config type";
  image.config_size_bytes = 3;
  CHECK_FALSE(round_trip(image).config_read);
  image.config_read = true;
  image.created = "2026-01-01T00:00:00Z";
  image.platform = "linux/amd64";
  const ManifestFacts read = round_trip(image);
  CHECK(read.config_read);
  CHECK(read.created == image.created);
  CHECK(read.platform == image.platform);
  CHECK(read.config == image.config);
  CHECK(read.config_size_bytes == 3);

  ManifestFacts chart;
  chart.digest = digest_of("a");
  chart.kind = ManifestFacts::Kind::artifact;
  chart.artifact_type = "helm";
  chart.size_bytes = 9;
  CHECK(round_trip(chart).artifact_type == "helm");
  CHECK(round_trip(chart).size_bytes == 9);

  ManifestFacts index;
  index.digest = digest_of("x");
  index.kind = ManifestFacts::Kind::index;
  index.members = {{digest_of("i"), "type", "linux/amd64", false}, {digest_of("s"), "type", "unknown/unknown", true}};
  const ManifestFacts members = round_trip(index);
  REQUIRE(members.members.size() == 2);
  CHECK(members.members[1].attestation);
  CHECK(members.members[0].platform == "linux/amd64");
  CHECK(index.bytes() > image.bytes());
}

TEST_CASE("damaged facts are malformed") {
  ManifestFacts image;
  image.digest = image.config = digest_of("i");
  const json good = image;
  for (const auto& [name, value] : std::vector<std::pair<std::string, json>>{
           {"digest", "sha256:1"}, {"kind", "song"}, {"size_bytes", -1}, {"config", ""}, {"created", 5}}) {
    json bad = good;
    bad[name] = value;
    INFO(bad.dump());
    const auto read = convert_json<ManifestFacts>(bad, "facts");
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::malformed);
  }
}
