// SPDX-License-Identifier: Apache-2.0
#include "core/report/layer_report_text.hpp"

#include "core/base/limits.hpp"
#include "core/report/memory.hpp"
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

TEST_CASE("what does not fit in what is read is left out, to the value", "[report]") {
  LayerReport report = example(40);
  for (Finding& finding : report.findings) finding.attributes = {{"names", {"a", "b", {{"c", 1}}}}, {"n", nullptr}};
  report.packages.assign(30, Package{});
  for (Package& package : report.packages) {
    package.licenses = {"MIT", "BSD"};
    package.occurrences.push_back({"lib/status", {}, 0, {}, std::nullopt});
  }
  // As many diagnostics as there may be, with the longest places.
  report.diagnostics.assign(limits::diagnostics_per_layer_max, {.code = ErrorCode::malformed,
                                                                .message = "it",
                                                                .path = "b",
                                                                .archive = std::vector<std::string>(limits::archive_depth_max, "c"),
                                                                .layer = {}});
  const auto nodes_of = [](const LayerReport& of) {
    JsonCost cost;
    REQUIRE(parse_json(to_text(of), "it", kJsonReport, &cost));
    return cost.nodes;
  };
  LayerReport without = report;
  without.findings.clear();
  without.packages.clear();
  const std::size_t head = limits::diagnostics_per_layer_max * (8 + limits::archive_depth_max) + 100;
  CHECK(nodes_of(without) <= head);
  // Without packages, their list is not written either.
  const std::size_t lists = nodes_of(report) - nodes_of(without) - 1;
  LayerReport whole = report;
  CHECK_FALSE(fit_to_read(whole, head + lists));
  CHECK(to_text(whole) == to_text(report));
  for (const std::size_t nodes : {head + lists - 1, head + lists / 2, head + lists / 4, head, std::size_t{0}}) {
    INFO(nodes);
    LayerReport cut = report;
    CHECK(fit_to_read(cut, nodes));
    if (nodes >= head) CHECK(nodes_of(cut) <= nodes);
    CHECK(cut.findings.size() + cut.packages.size() < 70);
  }
}

TEST_CASE("with the memory that a layer has by default, no report is too long to be read", "[report]") {
  // A list of short numbers has the most values for its memory.
  const nlohmann::json densest = std::vector<int>(10'000, 1);
  const std::uint64_t bytes_per_node = memory_of(densest) / densest.size();
  CHECK(limits::layer_memory_bytes_max / bytes_per_node < kJsonReport.nodes);
  Occurrence place;
  CHECK(memory_of(place) / 6 > bytes_per_node);
  Finding finding;
  CHECK(memory_of(finding) / 9 > bytes_per_node);
  CHECK(memory_of(Package{}) / 12 > bytes_per_node);
}
