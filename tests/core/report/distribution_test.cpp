// SPDX-License-Identifier: Apache-2.0
#include "core/report/distribution.hpp"

#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace landwaiter;
using nlohmann::json;

namespace {

Distribution debian(std::string path = "etc/os-release", std::vector<std::string> archive = {}) {
  return {"debian",      "12", "bookworm", "Debian GNU/Linux 12 (bookworm)", {std::move(path), std::move(archive), 0, {}, std::nullopt},
          "os-release/1"};
}

/// Where the preferred one is, given all of these in each order.
std::string preferred(std::vector<Distribution> all) {
  std::ranges::sort(all, {}, [](const Distribution& one) { return one.where; });
  std::optional<std::string> path;
  do {
    std::optional<Distribution> known;
    for (const Distribution& one : all) prefer(known, one);
    CHECK((!path || *path == known->where.path));
    path = known->where.path;
  } while (std::ranges::next_permutation(all, {}, [](const Distribution& one) { return one.where; }).found);
  return path.value_or("");
}

}  // namespace

TEST_CASE("A distribution goes through JSON unchanged") {
  const auto read = convert_json<Distribution>(json(debian()), "distribution");
  REQUIRE(read);
  CHECK(*read == debian());
  CHECK(json(debian())["codename"] == "bookworm");
}

TEST_CASE("A distribution from outside with a wrong or too long field is malformed") {
  const json whole = debian();
  for (const auto& [name, value] : whole.items()) {
    json document = whole;
    document.erase(name);
    INFO(name);
    CHECK_FALSE(convert_json<Distribution>(document, "distribution"));
    document[name] = json::array();
    CHECK_FALSE(convert_json<Distribution>(document, "distribution"));
  }
  Distribution nameless = debian();
  nameless.id.clear();
  CHECK(convert_json<Distribution>(json(nameless), "d").error().message().find("without id") != std::string::npos);
  for (const auto text :
       {&Distribution::id, &Distribution::version_id, &Distribution::codename, &Distribution::title, &Distribution::reader}) {
    Distribution distribution = debian();
    distribution.*text = std::string(limits::package_text_bytes_max, 'x');
    CHECK(convert_json<Distribution>(json(distribution), "d").has_value());
    distribution.*text += 'x';
    const auto read = convert_json<Distribution>(json(distribution), "d");
    REQUIRE_FALSE(read);
    CHECK(read.error().message().find("package_text_bytes_max") != std::string::npos);
  }
}

TEST_CASE("Of a layer's distributions one is preferred, whatever the order") {
  CHECK(preferred({debian("usr/lib/os-release"), debian("etc/os-release")}) == "etc/os-release");
  CHECK(preferred({debian("a.tar", {"etc/os-release"}), debian("usr/lib/os-release")}) == "usr/lib/os-release");
  CHECK(preferred({debian("b.tar", {"etc/os-release"}), debian("a.tar", {"etc/os-release"}), debian("z", {"a", "b"})}) == "a.tar");
}

TEST_CASE("Of two contents of one file the later is what the layer holds") {
  std::optional<Distribution> known = debian();
  Distribution later = debian();
  later.version_id = "13";
  prefer(known, later);
  CHECK(known->version_id == "13");
}
