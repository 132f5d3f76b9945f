// SPDX-License-Identifier: Apache-2.0
#include "core/report/coverage.hpp"

#include "core/export/format.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;

namespace {

Diagnostic diagnostic(Effect effect, const std::string& message) {
  return {.message = message, .path = "srv/a", .archive = {"b"}, .layer = {}, .effect = effect};
}

}  // namespace

TEST_CASE("coverage is the worst of all diagnostics, and counts them") {
  ImageReport image;
  CHECK(coverage_of(image).state() == CoverageState::complete);
  CHECK(coverage_text(coverage_of(image)).empty());
  image.diagnostics.push_back(diagnostic(Effect::note, "odd"));
  CHECK(coverage_of(image).state() == CoverageState::complete);
  image.diagnostics.push_back(diagnostic(Effect::not_opened, "encrypted"));
  CHECK(coverage_of(image).state() == CoverageState::not_opened);
  CHECK(coverage_text(coverage_of(image)) == "1 file or object was not opened");
  image.diagnostics.push_back(diagnostic(Effect::incomplete, "too deep"));
  image.diagnostics.push_back(diagnostic(Effect::not_opened, "damaged"));
  CHECK(nlohmann::json(coverage_of(image)) == nlohmann::json{{"state", "incomplete"}, {"not_opened", 2}, {"incomplete", 1}});
  CHECK(coverage_text(coverage_of(image)) ==
        "parts of it were not searched, so something may be missing (1 search ended early, 2 files or objects were not opened)");
  const auto told = not_searched(image.diagnostics);
  REQUIRE(told.size() == 3);
  CHECK(told[0].message == "too deep");
  CHECK(told[1].message == "encrypted");
}

TEST_CASE("a layer that cannot be read shows in every format, whatever was found") {
  ImageReport image;
  image.facts.reference = "localhost:5000/a:1";
  image.facts.digest = Digest::sha256_of(as_bytes("a"));
  const auto documents = [&] {
    std::vector<std::string> out;
    for (const exports::Format format : {exports::Format::csv, exports::Format::sarif, exports::Format::cyclonedx})
      out.push_back(exports::document(format, exports::CycloneDxVersion::v1_6, std::span(&image, 1), {}));
    return out;
  };
  for (const std::string& text : documents()) CHECK(text.find("incomplete") == std::string::npos);
  image.diagnostics.push_back(diagnostic(Effect::incomplete, "the layer is no tar"));
  const auto incomplete = documents();
  CHECK(incomplete[0].find(",incomplete,the layer is no tar,") != std::string::npos);
  CHECK(incomplete[1].find("\"executionSuccessful\": false") != std::string::npos);
  CHECK(incomplete[1].find("the layer is no tar") != std::string::npos);
  CHECK(incomplete[2].find("\"aggregate\": \"incomplete\"") != std::string::npos);
  CHECK(incomplete[2].find("\"landwaiter:coverage\"") != std::string::npos);
  image.diagnostics = {diagnostic(Effect::not_opened, "the file is encrypted")};
  const auto not_opened = documents();
  CHECK(not_opened[0].find(",not_opened,the file is encrypted,") != std::string::npos);
  CHECK(not_opened[1].find("\"executionSuccessful\": true") != std::string::npos);
  CHECK(not_opened[1].find("\"warning\"") != std::string::npos);
  CHECK(not_opened[2].find("not_opened") != std::string::npos);
}
