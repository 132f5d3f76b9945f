// SPDX-License-Identifier: Apache-2.0
#include "core/export/gitlab.hpp"

#include "core/base/json_reader.hpp"
#include "core/export/junit.hpp"
#include "core/report/attribute_names.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

/// An image with one key that has two issues of one code, and one of another.
ImageReport image_with_a_key() {
  ImageReport image;
  image.facts.reference = "localhost:5000/a:1";
  image.facts.platform = "linux/amd64";
  Finding key;
  key.type = FindingType::private_key;
  key.id = "spki-sha256:00";
  key.title = "RSA <private> key";
  key.attributes = json::object();
  key.attributes[attribute::issues] = {{{"code", "weak"}, {"severity", "high"}, {"reason", "One."}, {"remedy", "Do."}},
                                       {{"code", "expired"}, {"severity", "medium"}, {"reason", "Old."}, {"remedy", "Renew."}},
                                       {{"code", "weak"}, {"severity", "low"}, {"reason", "Two."}, {"remedy", "Do."}}};
  Occurrence place;
  place.path = "etc/k&y.pem";
  place.line = 7;
  key.occurrences = {place};
  image.findings = {key};
  return image;
}

json entries_of(const ImageReport& image) {
  return *parse_json(exports::whole(*exports::gitlab_writer(), {&image, 1}), "gitlab", kJsonReport);
}

std::string junit_of(const ImageReport& image) { return exports::whole(*exports::junit_writer(), {&image, 1}); }

}  // namespace

TEST_CASE("GitLab has an entry for each code of a finding") {
  const json entries = entries_of(image_with_a_key());
  REQUIRE(entries.size() == 2);
  CHECK(entries[0]["check_name"] == "weak");
  CHECK(entries[0]["severity"] == "critical");
  CHECK(entries[0]["location"]["path"] == "localhost:5000/a:1/etc/k&y.pem");
  CHECK(entries[0]["description"] == "RSA <private> key: One. Do. In localhost:5000/a:1 (linux/amd64).");
  CHECK(entries[0]["location"]["lines"]["begin"] == 7);
  CHECK(entries[1]["check_name"] == "expired");
}

TEST_CASE("what is accepted is no entry of GitLab's, and skipped in JUnit") {
  ImageReport image = image_with_a_key();
  image.findings[0].attributes["accepted"] = {{"reason", "A test key."}, {"by", "x.yml:1"}};
  CHECK(entries_of(image).empty());
  const std::string text = junit_of(image);
  CHECK(text.find("tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"3\"") != std::string::npos);
  CHECK(text.find("<skipped message=\"A test key. (x.yml:1)\"/>") != std::string::npos);
}

TEST_CASE("JUnit of an image with findings, and of one without") {
  const std::string text = junit_of(image_with_a_key());
  CHECK(text.find("tests=\"4\" failures=\"3\"") != std::string::npos);
  CHECK(text.find("name=\"weak: RSA &lt;private&gt; key, etc/k&amp;y.pem\"") != std::string::npos);
  ImageReport clean = image_with_a_key();
  clean.findings.clear();
  const std::string passed = junit_of(clean);
  CHECK(passed.find("<testcase classname=\"localhost:5000/a:1 (linux/amd64)\" name=\"the image is searched completely\"/>") !=
        std::string::npos);
  CHECK(entries_of(clean).empty());
}

TEST_CASE("a search that ended early is an error in JUnit, and critical for GitLab") {
  ImageReport image = image_with_a_key();
  image.findings.clear();
  Diagnostic diagnostic;
  diagnostic.code = ErrorCode::limit_exceeded;
  diagnostic.effect = Effect::incomplete;
  diagnostic.message = "a limit \x01 was reached \xef\xbf\xbf";
  image.diagnostics = {diagnostic};
  const std::string text = junit_of(image);
  CHECK(text.find("errors=\"1\"") != std::string::npos);
  // Neither character can be in a document of XML.
  CHECK(text.find('\x01') == std::string::npos);
  CHECK(text.find("\xef\xbf\xbf") == std::string::npos);
  CHECK(entries_of(image)[0]["severity"] == "critical");
}
