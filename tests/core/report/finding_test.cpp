// SPDX-License-Identifier: Apache-2.0
#include "core/report/finding.hpp"

#include "core/base/json_reader.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

Digest digest_of(std::string_view text) { return Digest::sha256_of(as_bytes(text)); }

Finding example() {
  Finding finding;
  finding.type = FindingType::private_key;
  finding.id = "spki-sha256:00";
  finding.severity = Severity::high;
  finding.title = "RSA 2048 private key";
  finding.attributes = {{"key_type", "RSA"}, {"key_bits", 2048}, {"encrypted", false}};
  finding.detector = "private-key/1";
  finding.occurrences.push_back({"etc/a.pem", {}, 0, digest_of("1"), std::nullopt});
  finding.occurrences.push_back({"app.war", {"WEB-INF/lib/x.jar", "k.pem"}, 77, digest_of("1"), digest_of("2")});
  return finding;
}

}  // namespace

TEST_CASE("Every finding type and severity has a name that leads back to it") {
  for (int i = 0; i <= static_cast<int>(FindingType::misconfiguration); ++i) {
    const auto type = static_cast<FindingType>(i);
    CHECK(finding_type_from(to_string(type)) == type);
    CHECK(to_string(type).find('_') == std::string_view::npos);
  }
  for (int i = 0; i <= static_cast<int>(Severity::critical); ++i) {
    CHECK(severity_from(to_string(static_cast<Severity>(i))) == static_cast<Severity>(i));
  }
  CHECK_FALSE(finding_type_from("private_key").has_value());
  CHECK_FALSE(severity_from("HIGH").has_value());
  CHECK(to_string(static_cast<FindingType>(99)) == "unknown");
}

TEST_CASE("A finding goes through JSON unchanged") {
  const Finding finding = example();
  const json document = finding;
  CHECK(document["type"] == "private-key");
  CHECK(document["occurrences"][0]["deleted_by"].is_null());
  CHECK(document["occurrences"][1]["deleted_by"] == digest_of("2").str());
  const auto read = parse_json_as<Finding>(dump_json(document), "finding", kJsonReport);
  REQUIRE(read);
  CHECK(json(*read) == document);
  CHECK(read->occurrences == finding.occurrences);
}

TEST_CASE("A finding from outside with a wrong field is malformed") {
  const auto broken = [](const char* pointer, const json& value) {
    json document = example();
    document[json::json_pointer(pointer)] = value;
    INFO(pointer << " = " << value);
    const auto read = convert_json<Finding>(document, "finding");
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::malformed);
  };
  broken("/type", "spoon");
  broken("/type", 1);
  broken("/severity", "awful");
  broken("/id", nullptr);
  broken("/attributes", json::array());
  broken("/attributes", "text");
  broken("/attributes", nullptr);
  broken("/occurrences", nullptr);
  broken("/occurrences/0/offset", -1);
  broken("/occurrences/0/offset", 1e300);
  broken("/occurrences/0/layer", "sha256:zz");
  broken("/occurrences/0/layer", "../etc");
  broken("/occurrences/0/deleted_by", "x");
  broken("/occurrences/0/archive", "a");
  broken("/occurrences/0/archive", json::array({1}));
}

TEST_CASE("The text of a rejected value is bounded and printable in the error") {
  json document = example();
  document["type"] = "\x1b[2J" + std::string(100'000, 'a');
  const auto read = convert_json<Finding>(document, "finding");
  REQUIRE_FALSE(read);
  CHECK(read.error().message().size() < 1000);
  CHECK(read.error().message().find('\x1b') == std::string::npos);
}

TEST_CASE("An empty deleted_by is none") {
  json document = example().occurrences[0];
  document["deleted_by"] = "";
  CHECK(document.get<Occurrence>().deleted_by == std::nullopt);
}

TEST_CASE("A diagnostic goes through JSON unchanged") {
  const Diagnostic diagnostic{ErrorCode::limit_exceeded, "nested too deep", "a.zip", {"b.zip", "c"}, digest_of("1")};
  const json document = diagnostic;
  CHECK(document["code"] == "limit_exceeded");
  CHECK(document.get<Diagnostic>() == diagnostic);
  for (const char* field : {"code", "effect"}) {
    json unknown = document;
    unknown[field] = "boredom";
    INFO(field);
    CHECK_FALSE(convert_json<Diagnostic>(unknown, "diagnostic"));
  }
}

TEST_CASE("A diagnostic says what it means for the result, also one that an older version stored") {
  const Diagnostic damaged{ErrorCode::malformed, "cut short", "a.gz", {}, {}};
  const Diagnostic full{ErrorCode::limit_exceeded, "too many", "", {}, {}};
  const Diagnostic odd{ErrorCode::malformed, "odd header", "a", {}, {}, Effect::note};
  CHECK(damaged.effect == Effect::not_opened);
  CHECK(full.effect == Effect::incomplete);
  for (const auto& [diagnostic, name] : {std::pair(damaged, "not_opened"), std::pair(full, "incomplete"), std::pair(odd, "note")}) {
    const json document = diagnostic;
    CHECK(document["effect"] == name);
    CHECK(document.get<Diagnostic>() == diagnostic);
  }
  json older = full;
  older.erase("effect");
  CHECK(older.get<Diagnostic>().effect == Effect::incomplete);
}

TEST_CASE("People see the worst first, then by type, title and id") {
  const auto make = [](FindingType type, Severity severity, std::string title, std::string id) {
    Finding finding;
    finding.type = type;
    finding.severity = severity;
    finding.title = std::move(title);
    finding.id = std::move(id);
    return finding;
  };
  std::vector<Finding> findings{
      make(FindingType::certificate, Severity::info, "b", "5"), make(FindingType::private_key, Severity::high, "x", "2"),
      make(FindingType::certificate, Severity::info, "a", "4"), make(FindingType::certificate, Severity::info, "a", "3"),
      make(FindingType::certificate, Severity::high, "z", "1")};
  sort_for_people(findings);
  std::string order;
  for (const Finding& finding : findings) order += finding.id;
  CHECK(order == "12345");
}

TEST_CASE("An occurrence in an image's own document goes through JSON unchanged") {
  Finding finding = example();
  finding.occurrences = {{"env[3] (KEY)", {}, 4, {}, std::nullopt, Where::config},
                         {"annotations.key", {}, 0, {}, std::nullopt, Where::manifest}};
  const json document = finding;
  CHECK(document["occurrences"][0] == json{{"config", "env[3] (KEY)"}, {"offset", 4}});
  CHECK(document["occurrences"][1] == json{{"manifest", "annotations.key"}, {"offset", 0}});
  const auto read = parse_json_as<Finding>(dump_json(document), "finding", kJsonReport);
  REQUIRE(read);
  CHECK(read->occurrences == finding.occurrences);
  for (const json& wrong : {json{{"config", 3}, {"offset", 0}}, json{{"config", "env[3]"}}, json{{"offset", 0}}}) {
    json broken = document;
    broken["occurrences"][0] = wrong;
    INFO(wrong);
    CHECK_FALSE(convert_json<Finding>(broken, "finding"));
  }
}

TEST_CASE("A place is one text for people, and files come before documents") {
  const Occurrence file{"zz.war", {"a.jar", "k.pem"}, 0, digest_of("1"), std::nullopt};
  const Occurrence config{"env[3] (KEY)", {}, 4, {}, std::nullopt, Where::config};
  const Occurrence whole{"", {}, 0, {}, std::nullopt, Where::manifest};
  CHECK(place_text(file) == "zz.war > a.jar > k.pem");
  CHECK(place_text(config) == "config env[3] (KEY)");
  CHECK(place_text(whole) == "manifest");
  CHECK(file < config);
  CHECK(config < whole);
  Occurrence same_name = file;
  same_name.where = Where::config;
  CHECK(same_name != file);
}
