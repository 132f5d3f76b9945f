// SPDX-License-Identifier: Apache-2.0
#include "detectors/image/document_texts.hpp"

#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "tests/support/catch.hpp"

#include <map>

namespace landwaiter::detectors {
namespace {

struct Visited {
  std::vector<std::pair<std::string, std::string>> texts;  ///< place and text
  Result<void> result;
};

Visited visit(std::string_view document, std::size_t offset = 0, std::size_t texts_max = 1000) {
  Visited out;
  out.result = visit_texts(document, texts_max,
                           [&](std::string_view text, const TextPlace& place) { out.texts.emplace_back(place.str(offset), text); });
  return out;
}

/// The place of the one text that is this.
std::string place_of(std::string_view document, std::string_view text, std::size_t offset = 0) {
  std::string place = "not visited";
  std::size_t count = 0;
  for (const auto& [where, what] : visit(document, offset).texts) {
    if (what != text) continue;
    place = where;
    ++count;
  }
  CHECK(count == 1);
  return place;
}

}  // namespace

TEST_CASE("The texts of a config are where people look for them") {
  constexpr std::string_view kConfig = R"({"author":"me",
    "config":{"Cmd":["a","b"],"Entrypoint":["c"],"Env":["PATH=/bin","KEY=secret"],"Healthcheck":{"Test":["d"]},
              "Labels":{"org.example.Title":"e"},"User":"f"},
    "container_config":{"Env":["OLD=g"],"Labels":{"Created_By":"h"}},
    "history":[{"created_by":"i"},{"comment":"j"}],
    "rootfs":{"diff_ids":[1,null,{"x":[[true,"k"]]},"l"]}})";
  CHECK(place_of(kConfig, "me") == "author");
  CHECK(place_of(kConfig, "b") == "cmd[1]");
  CHECK(place_of(kConfig, "c") == "entrypoint[0]");
  CHECK(place_of(kConfig, "KEY=secret") == "env[1]");
  CHECK(place_of(kConfig, "KEY=secret", 4) == "env[1] (KEY)");
  CHECK(place_of(kConfig, "d") == "healthcheck.test[0]");
  CHECK(place_of(kConfig, "e") == "labels.org.example.Title");
  CHECK(place_of(kConfig, "f") == "user");
  CHECK(place_of(kConfig, "OLD=g", 4) == "container_config.env[0] (OLD)");
  CHECK(place_of(kConfig, "h") == "container_config.labels.Created_By");
  CHECK(place_of(kConfig, "i") == "history[0]");
  CHECK(place_of(kConfig, "j") == "history[1].comment");
  CHECK(place_of(kConfig, "k") == "rootfs.diff_ids[2].x[0][1]");
  CHECK(place_of(kConfig, "l") == "rootfs.diff_ids[3]");
  CHECK(place_of(kConfig, "org.example.Title") == "labels (a member's name)");
  CHECK(place_of(R"("all")", "all").empty());
  CHECK(place_of(R"({"config":"all"})", "all") == "config");
}

TEST_CASE("A place shows nothing that may be secret") {
  const std::string key = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t";
  // The name of a variable: too long, made of one word, or not what the finding lies behind.
  CHECK(place_of(R"({"config":{"Env":[")" + key + R"(="]}})", key + "=", 100) == "env[0]");
  CHECK(place_of(R"({"config":{"Env":["SHORT=x"]}})", "SHORT=x", 5) == "env[0]");
  CHECK(place_of(R"({"config":{"Env":["A B=x"]}})", "A B=x", 4) == "env[0]");
  CHECK(place_of(R"({"config":{"Env":["=x"]}})", "=x", 1) == "env[0]");
  CHECK(place_of(R"({"config":{"Env":["A"]}})", "A", 1) == "env[0]");
  // Only in a list of variables.
  CHECK(place_of(R"({"config":{"Cmd":["A=x"]}})", "A=x", 2) == "cmd[0]");
  // The names of members, by their number.
  CHECK(place_of(R"({"config":{"Labels":{"a":"1",")" + key + R"(":"2"}}})", "2") == "labels[1]");
  CHECK(place_of(R"({"config":{"Labels":{"a\nb":"1"}}})", "1") == "labels[0]");
  CHECK(place_of("{\"" + std::string(65, '.') + R"(":"1"})", "1") == "[0]");
}

TEST_CASE("A place deep in a document is cut") {
  std::string document = "\"text\"";
  for (int i = 0; i < 60; ++i) document = "{\"some.name.of.a.member\":" + document + "}";
  const std::string place = place_of(document, "text");
  CHECK(place.starts_with("some.name.of.a.member.some.name.of.a.member."));
  CHECK(place.ends_with("..."));
  CHECK(place.size() < 250);
}

TEST_CASE("Texts come decoded, each of them, names and repeated members too") {
  const Visited all = visit(R"({"a":"\u002d\n\\n","a":"again","":""})");
  REQUIRE(all.result);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"(a member's name)", "a"}, {"a", "-\n\\n"}, {"(a member's name)", "a"}, {"a", "again"}, {"(a member's name)", ""}, {"[2]", ""}};
  CHECK(all.texts == expected);
}

TEST_CASE("A document's texts are visited as far as its bytes earned it") {
  constexpr std::size_t kTexts = 1000;
  std::string document = "[\"\"";
  for (std::size_t i = 1; i < kTexts; ++i) document += ",\"\"";
  document += "]";
  WorkMeter meter;
  const WorkScope scope(meter);
  meter.begin(1'000'000);
  const Visited some = visit(document, 0, kTexts);
  CHECK(some.texts.size() > kTexts / 2);
  REQUIRE_FALSE(some.result);
  CHECK(some.result.error().code() == ErrorCode::limit_exceeded);
  CHECK(meter.used() < 1'010'000);
  meter.begin(10'000'000);
  CHECK(visit(document, 0, kTexts).result);
}

TEST_CASE("A document that is broken, too deep or too full is visited up to there") {
  const Visited broken = visit(R"(["a","b",)");
  CHECK(broken.texts.size() == 2);
  REQUIRE_FALSE(broken.result);
  CHECK(broken.result.error().code() == ErrorCode::malformed);
  CHECK(visit(R"(["a"] "b")").result.error().code() == ErrorCode::malformed);
  CHECK(visit("[\"\xff\"]").result.error().code() == ErrorCode::malformed);

  const auto nested = [](std::size_t depth) {
    return R"(["a")" + (depth > 1 ? "," + std::string(depth - 1, '[') + std::string(depth - 1, ']') : "") + "]";
  };
  CHECK(visit(nested(limits::json_depth_max)).result);
  const Visited deep = visit(nested(limits::json_depth_max + 1));
  CHECK(deep.texts.size() == 1);
  REQUIRE_FALSE(deep.result);
  CHECK(deep.result.error().code() == ErrorCode::limit_exceeded);

  CHECK(visit(R"(["a","b","c"])", 0, 3).result);
  const Visited full = visit(R"(["a","b","c"])", 0, 2);
  CHECK(full.texts.size() == 2);
  REQUIRE_FALSE(full.result);
  CHECK(full.result.error().code() == ErrorCode::limit_exceeded);
}

}  // namespace landwaiter::detectors
