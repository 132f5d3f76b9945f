// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/report_reader.hpp"

#include "core/base/json_reader.hpp"
#include "daemon/output/output.hpp"
#include "tests/core/export/samples.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;
using nlohmann::json;

namespace {

std::string written(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures) {
  const auto writer = make_report_writer("json", "", "", {});
  std::string out;
  for (const FailedImage& failure : failures) out += writer->failure(failure);
  for (const ImageReport& image : images) out += writer->image(image);
  return out + writer->end();
}

std::string refused(const std::string& text) {
  const auto report = read_report(text, "x.json");
  REQUIRE_FALSE(report);
  CHECK(report.error().code() == ErrorCode::configuration);
  return std::string(report.error().message());
}

}  // namespace

TEST_CASE("a report that was written is read as it was") {
  const std::vector<FailedImage> failures{{"localhost:5000/gone:1", Error(ErrorCode::not_found, "it is not there")}};
  auto images = test::export_samples();
  images[0].facts.created_by = {"COPY tls /etc/nginx/ssl", ""};
  // A hostile title among the samples has a line break, which no report of ours has.
  for (ImageReport& image : images) {
    for (Finding& finding : image.findings) std::erase(finding.title, '\n');
  }
  const std::string text = written(images, failures);
  auto report = read_report(text, "x.json");
  REQUIRE(report);
  CHECK(report->images.size() == 2);
  CHECK(report->failures.size() == 1);
  CHECK(written(report->images, report->failures) == text);
}

TEST_CASE("a report of somebody else") {
  CHECK(refused("").find("x.json") != std::string::npos);
  CHECK(refused("[]").find("x.json is not a report of landwaiter scan --format json") != std::string::npos);
  CHECK(refused("{\"images\": [{}]}").find("x.json is not a report") != std::string::npos);
  CHECK(refused("{\"images\": 1}").find("x.json is not a report") != std::string::npos);
  CHECK(refused(std::string(100'000, '[')).find("x.json") != std::string::npos);
}

TEST_CASE("what a terminal would obey is escaped, and escapes stay") {
  json document = *parse_json(written(test::export_samples(), {}), "x", kJsonReport);
  json& image = document["images"][0];
  image["reference"] = "a\x1b[2Jb";
  image["findings"][0]["title"] = "kept \\x1b and \xc2\x9b";
  image["findings"][0]["attributes"]["na\nme"] = {"va\rlue"};
  const auto report = read_report(document.dump(), "x.json");
  REQUIRE(report);
  std::vector<std::string> references;
  for (const ImageReport& each : report->images) references.push_back(each.facts.reference);
  CHECK(std::ranges::find(references, "a\\x1b[2Jb") != references.end());
  const ImageReport& changed =
      *std::ranges::find(report->images, "a\\x1b[2Jb", [](const ImageReport& each) { return each.facts.reference; });
  CHECK(changed.findings[0].title == "kept \\x5cx1b and \\xc2\\x9b");
  CHECK(changed.findings[0].attributes["na\\x0ame"] == json{"va\\x0dlue"});
}
