// SPDX-License-Identifier: Apache-2.0
#include "core/report/layer_report_text.hpp"

#include "core/base/json.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;

namespace {

LayerReport example(std::size_t findings) {
  LayerReport report;
  report.layer = Digest::sha256_of(as_bytes("layer"));
  report.of = {Analysis::cryptography, Digest::sha256_of(as_bytes("state"))};
  for (std::size_t i = 0; i < findings; ++i) {
    Finding finding;
    finding.id = "sha256:" + std::to_string(i);
    finding.title = R"(a "findings":[] of \another kind)";
    finding.occurrences.push_back({"a.pem", {R"("findings":[])"}, i, {}, std::nullopt});
    report.findings.push_back(std::move(finding));
  }
  report.distribution = Distribution{"alpine", R"("findings":[])", "", "", {"etc/os-release", {}, 0, {}, std::nullopt}, "os-release/1"};
  report.diagnostics.push_back({.code = ErrorCode::malformed, .message = R"("findings":[])", .path = "b", .archive = {}, .layer = {}});
  return report;
}

}  // namespace

TEST_CASE("a layer's report has the text of its document, and is read from it", "[report]") {
  for (const std::size_t findings : {0U, 1U, 3U}) {
    const LayerReport report = example(findings);
    const std::string text = to_text(report);
    CHECK(text == dump_json(report));
    const auto read = parse_layer_report(text, "it");
    REQUIRE(read.has_value());
    CHECK(dump_json(*read) == text);
  }
}

TEST_CASE("a damaged layer's report is refused", "[report]") {
  nlohmann::json document = example(2);
  for (const char* const member : {"findings", "layer", "state", "diagnostics"}) {
    INFO(member);
    nlohmann::json damaged = document;
    damaged[member] = 7;
    CHECK(parse_layer_report(damaged.dump(), "it").error().code() == ErrorCode::malformed);
    damaged.erase(member);
    CHECK(parse_layer_report(damaged.dump(), "it").error().code() == ErrorCode::malformed);
  }
  document["findings"][1] = nullptr;
  CHECK(parse_layer_report(document.dump(), "it").error().code() == ErrorCode::malformed);
  CHECK(parse_layer_report("[]", "it").has_error());
}
