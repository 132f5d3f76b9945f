// SPDX-License-Identifier: Apache-2.0
#include "core/report/report.hpp"

#include "core/base/json_reader.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

Digest digest_of(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }

Finding finding_of(FindingType type, std::string id, std::vector<Occurrence> occurrences, Severity severity = Severity::info) {
  Finding finding;
  finding.type = type;
  finding.id = std::move(id);
  finding.severity = severity;
  finding.occurrences = std::move(occurrences);
  return finding;
}

LayerReport example() {
  LayerReport report;
  report.layer = digest_of("layer");
  report.of = {Analysis::secrets, digest_of("state")};
  report.findings.push_back(finding_of(FindingType::certificate, "sha256:1", {{"a.pem", {}, 3, {}, std::nullopt}}));
  Package package;
  package.ecosystem = "npm";
  package.name = "left-pad";
  package.version = "1.3.0";
  package.occurrences.push_back({"app.zip", {"package.json"}, 0, {}, std::nullopt});
  report.packages.push_back(std::move(package));
  report.distribution =
      Distribution{"alpine", "3.19.1", "", "Alpine Linux v3.19", {"etc/os-release", {}, 0, {}, std::nullopt}, "os-release/1"};
  report.diagnostics.push_back({ErrorCode::malformed, "cut short", "b.gz", {"b"}, {}});
  return report;
}

LayerFacts example_facts() {
  LayerFacts facts;
  facts.layer = digest_of("layer");
  facts.walker = digest_of("walker");
  facts.whiteouts = {"etc/old"};
  facts.opaque_directories = {"", "var"};
  facts.written.add("a.pem", false);
  facts.written.seal();
  facts.links = {{"b.pem", "etc/a.pem"}};
  facts.stats = {1, 2, 3, 4, 5, 6};
  facts.diagnostics.push_back({ErrorCode::malformed, "cut short", "b.gz", {"b"}, {}});
  return facts;
}

template <class T>
void check_malformed(json document, const std::vector<std::pair<std::string, json>>& changes) {
  REQUIRE(convert_json<T>(document, "it"));
  for (const auto& [pointer, value] : changes) {
    json changed = document;
    changed[json::json_pointer(pointer)] = value;
    INFO(pointer << " = " << value);
    const auto read = convert_json<T>(changed, "it");
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::malformed);
  }
}

}  // namespace

TEST_CASE("A layer's report and facts go through JSON unchanged") {
  const std::string text = dump_json(json(example()));
  const auto report = parse_json_as<LayerReport>(text, "report", kJsonReport);
  REQUIRE(report);
  CHECK(dump_json(json(*report)) == text);
  CHECK(report->of == example().of);
  CHECK(report->packages == example().packages);
  CHECK(report->distribution == example().distribution);

  const std::string facts_text = dump_json(json(example_facts()));
  const auto facts = parse_json_as<LayerFacts>(facts_text, "facts", kJsonReport);
  REQUIRE(facts);
  CHECK(dump_json(json(*facts)) == facts_text);
  CHECK(facts->written == example_facts().written);
  CHECK(facts->opaque_directories == example_facts().opaque_directories);
  CHECK(facts->links == example_facts().links);
  CHECK(facts->stats.nested_bytes == 6);
}

TEST_CASE("A report without packages or distribution does not speak of them") {
  LayerReport report = example();
  report.packages.clear();
  report.distribution.reset();
  const json document = report;
  CHECK_FALSE(document.contains("packages"));
  CHECK_FALSE(document.contains("distribution"));
  const auto read = convert_json<LayerReport>(document, "report");
  REQUIRE(read);
  CHECK(read->packages.empty());
  CHECK_FALSE(read->distribution);
  CHECK_FALSE(json(ImageReport{}).contains("packages"));
}

TEST_CASE("A layer's report or facts from outside with a wrong field are malformed") {
  check_malformed<LayerReport>(example(), {{"/layer", ""},
                                           {"/layer", "sha256:1"},
                                           {"/analysis", "astrology"},
                                           {"/analysis", 1},
                                           {"/state", nullptr},
                                           {"/findings", {{"a", 1}}},
                                           {"/packages", 1},
                                           {"/packages/0/name", ""},
                                           {"/packages/0/purl", std::string(5000, 'p')},
                                           {"/distribution", 1},
                                           {"/distribution/id", ""}});
  check_malformed<LayerFacts>(example_facts(), {{"/layer", ""},
                                                {"/walker", ""},
                                                {"/whiteouts", {1, 2}},
                                                {"/written", "AAA!"},
                                                {"/stats/files", -1},
                                                {"/stats/files", 2.5},
                                                {"/stats", nullptr}});
}

TEST_CASE("Image facts go through JSON unchanged") {
  const ImageFacts facts{"localhost:5000/a:1",   digest_of("i"),
                         "linux/arm64/v8",       {digest_of("1"), digest_of("2"), digest_of("1")},
                         "2024-01-01T00:00:00Z", {{ErrorCode::unsupported, "foreign layer", "", {}, digest_of("2")}}};
  const auto read = parse_json_as<ImageFacts>(dump_json(json(facts)), "facts", kJsonReport);
  REQUIRE(read);
  CHECK(json(*read) == json(facts));
  CHECK(read->layers == facts.layers);
  json wrong = facts;
  wrong["layers"] = {"sha256:0"};
  CHECK_FALSE(convert_json<ImageFacts>(wrong, "facts"));
}

TEST_CASE("Findings of the image itself are part of its facts, and older facts have none") {
  ImageFacts facts;
  facts.digest = digest_of("i");
  facts.findings = {finding_of(FindingType::private_key, "k", {{"env[3] (KEY)", {}, 4, {}, std::nullopt, Where::config}})};
  facts.documents_state = digest_of("analyzers");
  json document = facts;
  const auto read = convert_json<ImageFacts>(document, "facts");
  REQUIRE(read);
  CHECK(json(*read) == document);
  CHECK(read->documents_state == facts.documents_state);
  REQUIRE(read->findings.size() == 1);
  CHECK(read->findings[0].occurrences == facts.findings[0].occurrences);
  document.erase("findings");
  document.erase("documents_state");
  const auto older = convert_json<ImageFacts>(document, "facts");
  REQUIRE(older);
  CHECK(older->findings.empty());
  CHECK(older->documents_state.empty());
  document["documents_state"] = "x";
  CHECK_FALSE(convert_json<ImageFacts>(document, "facts"));
  document["documents_state"] = nullptr;
  CHECK_FALSE(convert_json<ImageFacts>(document, "facts"));
}

TEST_CASE("normalize joins equal findings, keeps the worst severity and drops doubled occurrences") {
  const Occurrence a{"a", {}, 0, {}, std::nullopt};
  const Occurrence b{"b", {}, 0, {}, std::nullopt};
  std::vector<Finding> findings{finding_of(FindingType::private_key, "k", {b}), finding_of(FindingType::certificate, "c", {b, a, b}),
                                finding_of(FindingType::private_key, "k", {a, b}, Severity::high),
                                finding_of(FindingType::certificate, "k", {a})};
  normalize(findings);
  REQUIRE(findings.size() == 3);
  CHECK(findings[0].id == "c");
  CHECK(findings[0].occurrences == std::vector<Occurrence>{a, b});
  CHECK(findings[1].type == FindingType::certificate);
  CHECK(findings[2].type == FindingType::private_key);
  CHECK(findings[2].severity == Severity::high);
  CHECK(findings[2].occurrences == std::vector<Occurrence>{a, b});
}

TEST_CASE("of equal findings the worst speaks, and each adds what it alone knows") {
  Finding closed = finding_of(FindingType::private_key, "k", {{"a", {}, 0, {}, std::nullopt}}, Severity::medium);
  closed.attributes = {
      {"encrypted", true}, {"keygrip", "12"}, {"weaknesses", json::array({"weak-cipher", "rsa-1024"})}, {"curve", nullptr}};
  Finding open = finding_of(FindingType::private_key, "k", {{"b", {}, 0, {}, std::nullopt}}, Severity::high);
  open.attributes = {{"encrypted", false}, {"keygrip", nullptr}, {"weaknesses", json::array({"rsa-1024"})}};
  std::vector<Finding> findings{closed, open};
  normalize(findings);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].attributes ==
        json{{"encrypted", false}, {"keygrip", "12"}, {"weaknesses", json::array({"rsa-1024", "weak-cipher"})}, {"curve", nullptr}});
}

TEST_CASE("a key in clear is in clear, wherever else it is kept and in whatever order") {
  Finding store = finding_of(FindingType::private_key, "k", {{"a", {}, 0, {}, std::nullopt}}, Severity::high);
  store.title = "in a store";
  store.attributes = {{"encrypted", true}, {"encryption", {{"kdf", "PBKDF2"}}}, {"password", "well-known"}, {"format", "PKCS#8"}};
  Finding plain = finding_of(FindingType::private_key, "k", {{"b", {}, 0, {}, std::nullopt}}, Severity::high);
  plain.title = "plain";
  plain.attributes = {{"encrypted", false}, {"encryption", nullptr}, {"format", "SEC1"}};
  std::vector<Finding> findings =
      GENERATE_COPY(std::vector<Finding>{store, plain}, std::vector<Finding>{plain, store}, std::vector<Finding>{store, plain, store});
  normalize(findings);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].title == "plain");
  CHECK(findings[0].occurrences.size() == 2);
  CHECK(findings[0].attributes == json{{"encrypted", false}, {"encryption", nullptr}, {"format", "SEC1"}});
}

TEST_CASE("normalize gives one form, whatever the order") {
  std::vector<Finding> one, two;
  for (int i = 0; i < 50; ++i) {
    const std::string id = std::to_string(i % 7);
    one.push_back(finding_of(FindingType::secret, id, {{std::to_string(i), {}, 0, {}, std::nullopt}}));
  }
  two.assign(one.rbegin(), one.rend());
  normalize(one);
  normalize(two);
  CHECK(one.size() == 7);
  CHECK(json(one) == json(two));
}

TEST_CASE("Stats add up") {
  ScanStats sum{1, 2, 3, 4, 5, 6};
  sum += ScanStats{10, 20, 30, 40, 50, 60};
  CHECK(json(sum) == json(ScanStats{11, 22, 33, 44, 55, 66}));
}

TEST_CASE("lines and instructions survive, and reports of older versions have none") {
  Occurrence place{"etc/a.pem", {}, 3, digest_of("layer"), std::nullopt};
  CHECK_FALSE(json(place).contains("line"));
  place.line = 7;
  CHECK(json(place)["line"] == 7);
  CHECK(json(place).get<Occurrence>() == place);
  json old = place;
  old.erase("line");
  CHECK_FALSE(old.get<Occurrence>().line);
  old["line"] = -1;
  CHECK_FALSE(convert_json<Occurrence>(old, "it"));

  ImageFacts facts;
  facts.digest = digest_of("image");
  facts.layers = {digest_of("a"), digest_of("b"), digest_of("a")};
  CHECK_FALSE(json(facts).contains("created_by"));
  CHECK(facts.instruction_of(digest_of("a")).empty());
  facts.created_by = {"ADD a /", "COPY b /", "RUN make"};
  CHECK(json(facts).get<ImageFacts>().created_by == facts.created_by);
  CHECK(facts.layer_number(digest_of("a")) == 3);
  CHECK(facts.instruction_of(digest_of("a")) == "RUN make");
  CHECK(facts.instruction_of(digest_of("c")).empty());
  json damaged = facts;
  damaged["created_by"] = {"ADD a /"};
  CHECK(damaged.get<ImageFacts>().created_by.empty());
}
