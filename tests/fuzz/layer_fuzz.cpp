// SPDX-License-Identifier: Apache-2.0
// Any bytes as a layer blob. Whatever they are: the scan succeeds (the digest is right), keeps its limits, and gives the same
// report however the blob comes in pieces.
#include "detectors/engine/engine.hpp"
#include "detectors/walk/layer_scanner.hpp"

#include <cstdlib>
#include <iostream>

namespace {

using namespace landwaiter;
using namespace landwaiter::detectors;

class Needle final : public Detector {
 public:
  std::string_view name() const override { return "needle"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override { return {{1, "NEEDLE", 6}, {2, "\\x30[\\x81\\x82]", 2}}; }
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override {
    if (hit.end > window.bytes.size() || hit.end < 2) std::abort();
    Finding finding;
    finding.type = FindingType::secret;
    finding.id = Digest::sha256_of(window.bytes.subspan(hit.end).first(std::min<std::size_t>(window.bytes.size() - hit.end, 4))).str();
    sink.add(std::move(finding), hit.end - 2);
    if (hit.trigger == 1) sink.consumed(std::min(window.bytes.size(), hit.end + 20));
  }
};

constexpr std::uint64_t kNestedBytesMax = 4 << 20;

ScanLimits small_limits() {
  ScanLimits limits;
  limits.archive_depth_max = 3;
  limits.layer_entries_max = 1000;
  limits.layer_expanded_bytes_max = 8 << 20;
  limits.nested_expanded_bytes_max = kNestedBytesMax;
  limits.nested_ratio_free_bytes = 1 << 20;
  limits.tar_header_bytes_max = 64 * 1024;
  limits.hard_links_max = 20;
  limits.whiteouts_max = 20;
  limits.triggers_per_file_max = 500;
  limits.findings_per_file_max = 100;
  limits.findings_per_layer_max = 300;
  limits.diagnostics_per_layer_max = 30;
  return limits;
}

std::shared_ptr<const Engine> make_engine() {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<Needle>());
  return Engine::create(DetectorContext{Secret("fuzz")}, std::move(detectors)).value();
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "broken: " << what << "\n";
  std::abort();
}

void check(const ScannedLayer& layer, const ScanLimits& limits) {
  const LayerReport& report = layer.reports.at(0);
  const LayerFacts& facts = layer.facts;
  std::size_t occurrences = 0;
  for (const Finding& finding : report.findings) occurrences += finding.occurrences.size();
  require(occurrences <= limits.findings_per_layer_max, "findings_per_layer_max");
  require(report.diagnostics.size() <= limits.diagnostics_per_layer_max, "diagnostics_per_layer_max");
  require(facts.diagnostics.size() <= limits.diagnostics_per_layer_max, "diagnostics_per_layer_max of the walk");
  require(facts.whiteouts.size() + facts.opaque_directories.size() <= limits.whiteouts_max, "whiteouts_max");
  require(facts.stats.files <= limits.layer_entries_max, "layer_entries_max");
  require(facts.stats.nested_files <= limits.layer_entries_max, "layer_entries_max of nested files");
  for (const Finding& finding : report.findings) {
    for (const Occurrence& at : finding.occurrences) {
      // A compressed file that holds no tar adds a name, too, so names and levels are the same number.
      require(at.archive.size() <= limits.archive_depth_max, "archive_depth_max");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ScanLimits limits = small_limits();
  static LayerScanner scanner(make_engine(), limits);
  const ByteView blob(data, size);
  const Digest digest = Digest::sha256_of(blob);
  std::string reports[2];
  for (const bool whole : {true, false}) {
    MemorySource source(blob, whole ? size + 1 : 97);
    ScanProgress progress;
    auto report = scanner.scan(source, digest, size, all_analyses, progress, {});
    require(report.has_value(), "a proven blob gives a report");
    check(*report, limits);
    reports[whole] = nlohmann::json(report->facts).dump() + nlohmann::json(report->reports.at(0)).dump();
  }
  require(reports[0] == reports[1], "the report does not depend on pieces");
  return 0;
}
