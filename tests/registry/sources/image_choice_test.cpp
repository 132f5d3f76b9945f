// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/image_choice.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace landwaiter;
using namespace landwaiter::registry;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kA = "sha256:" + std::string(64, 'a');
const std::string kB = "sha256:" + std::string(64, 'b');

const std::vector<NamedImage> kImages{
    {kA, {"1.0", "registry.example/shop/web:1.0"}},
    {kB, {"registry.example/shop/api:1.0"}},
    {kB, {"docker.io/library/alpine:latest"}},
    {kA, {"newest"}},
};

std::string chosen(const std::string& wanted, const std::vector<NamedImage>& images = kImages) {
  auto index = choose_image(images, wanted, "oci:d");
  return index ? images[*index].id : std::string(to_string(index.error().code())) + ": " + index.error().message();
}

}  // namespace

TEST_CASE("an image is chosen by its whole name, a tag, the end of a name or its digest", "[local]") {
  CHECK(chosen("registry.example/shop/api:1.0") == kB);
  CHECK(chosen("shop/api:1.0") == kB);
  CHECK(chosen("docker://registry.example/shop/web:1.0") == kA);
  CHECK(chosen("Registry.Example/shop/web:1.0") == kA);
  CHECK(chosen("alpine") == kB);
  CHECK(chosen("alpine:latest") == kB);
  CHECK(chosen("newest") == kA);
  // As it stands, before what it may mean.
  CHECK(chosen("1.0") == kA);
  CHECK(chosen(kB) == kB);
  CHECK(chosen("any/name@" + kB) == kB);
}

TEST_CASE("what may mean several images is refused, and all are listed", "[local]") {
  const std::vector<NamedImage> images{{kA, {"r/web:1.0"}}, {kB, {"r/api:1.0"}}, {"sha256:" + std::string(64, 'c'), {}}};
  for (const char* wanted : {"", "1.0"}) {
    INFO(wanted);
    const std::string said = chosen(wanted, images);
    CHECK(has(said, "invalid_argument"));
    CHECK(has(said, "r/web:1.0, r/api:1.0"));
    CHECK(has(said, "oci:d:NAME or oci:d@DIGEST"));
  }
  CHECK(has(chosen("", images), "@sha256:" + std::string(64, 'c') + " (without a name)"));
  CHECK(has(chosen("2.0", images), "not_found"));
  CHECK(has(chosen("2.0", images), "r/web:1.0"));
  // Two images of one name are two images, and only their digests tell them apart.
  CHECK(has(chosen("r:1", {{kA, {"r:1"}}, {kB, {"r:1"}}}), "r:1 (@" + kA + "), r:1 (@" + kB + ")"));
  CHECK(has(chosen("r:1", {{kA, {"r:1"}}, {kB, {"r:1"}}}), "invalid_argument"));
}

TEST_CASE("several names of one image need no choice", "[local]") {
  CHECK(chosen("", {{kA, {"purple"}}, {kA, {"red"}}}) == kA);
  CHECK(chosen("1", {{kA, {"r/a:1"}}, {kA, {"r/b:1"}}}) == kA);
  CHECK(chosen("", {{kA, {}}}) == kA);
  CHECK(has(chosen("", {}), "not_found"));
}

TEST_CASE("the path is the longest beginning that exists", "[local]") {
  test::TempDir folder;
  const auto split = [&](const std::string& rest) {
    const LocalName named = split_local_name((folder / "").string() + rest);
    return std::filesystem::path(named.path).filename().string() + " | " + named.name;
  };
  for (const char* name : {"plain", "backup-10:30:00.tar", "at@home"}) test::write_file(folder / name, "x");
  CHECK(split("plain") == "plain | ");
  CHECK(split("plain:tag") == "plain | tag");
  CHECK(split("plain:r.example:5000/a/b:1.0") == "plain | r.example:5000/a/b:1.0");
  CHECK(split("plain@" + kA) == "plain | " + kA);
  CHECK(split("plain:" + kA) == "plain | " + kA);
  CHECK(split("plain:a/b@" + kA) == "plain | a/b@" + kA);
  CHECK(split("backup-10:30:00.tar") == "backup-10:30:00.tar | ");
  CHECK(split("backup-10:30:00.tar:1.0") == "backup-10:30:00.tar | 1.0");
  CHECK(split("at@home:1") == "at@home | 1");
  // Nothing is there: for the message.
  CHECK(split("none:tag") == "none | tag");
  CHECK(split_local_name("-").path == "-");
  CHECK(split_local_name("-:a:1").name == "a:1");
  CHECK(split_local_name("-@" + kA).name == kA);
}
