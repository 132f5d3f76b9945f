// SPDX-License-Identifier: Apache-2.0
#include "detectors/image/image_analysis.hpp"

#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/image/document_search.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

std::vector<std::unique_ptr<const ImageAnalyzer>> listed_analyzers(std::shared_ptr<const Engine> engine) {
  std::vector<std::unique_ptr<const ImageAnalyzer>> analyzers;
  analyzers.push_back(std::make_unique<DocumentSearch>(std::move(engine)));
  return analyzers;
}

Digest analyzers_state(const EngineState& engine_state, const std::vector<std::unique_ptr<const ImageAnalyzer>>& analyzers) {
  nlohmann::json state{
      {"walker", engine_state.walker.str()}, {"analyses", states_to_json(engine_state.states)}, {"analyzers", nlohmann::json::object()}};
  for (const auto& analyzer : analyzers) state["analyzers"][std::string(analyzer->name())] = analyzer->version();
  return Digest::sha256_of(as_bytes(dump_json(state)));
}

void leave_out(ImageFindings& found, std::size_t count, const std::string& what) {
  if (count == 0) return;
  found.diagnostics.push_back(
      {.code = ErrorCode::limit_exceeded, .message = std::to_string(count) + what, .path = {}, .archive = {}, .layer = {}});
}

/// Places first: the thousandth place of one key says nothing, and must not push another key out.
void keep_within_limits(ImageFindings& found) {
  std::size_t places = 0;
  for (Finding& finding : found.findings) {
    if (finding.occurrences.size() <= kImageFindingPlacesMax) continue;
    places += finding.occurrences.size() - kImageFindingPlacesMax;
    finding.occurrences.resize(kImageFindingPlacesMax);
  }
  leave_out(found, places,
            " places of findings in the image's config and manifest are left out, beyond " + std::to_string(kImageFindingPlacesMax) +
                " of one finding");
  std::uint64_t bytes = 0;
  sort_for_people(found.findings);
  const auto fits = [&](const Finding& finding) {
    const std::uint64_t size = dump_json(finding).size();
    if (bytes + size > kImageFindingsBytesMax) return false;
    bytes += size;
    return true;
  };
  std::vector<Finding> kept;
  for (Finding& finding : found.findings) {
    if (fits(finding)) kept.push_back(std::move(finding));
  }
  const std::size_t left_out = found.findings.size() - kept.size();
  found.findings = std::move(kept);
  leave_out(found, left_out, " findings in the image's config and manifest are left out, beyond " + human_bytes(kImageFindingsBytesMax));
}

}  // namespace

ImageAnalysis::ImageAnalysis(std::shared_ptr<const Engine> engine) : ImageAnalysis(engine->state(), listed_analyzers(engine)) {}

ImageAnalysis::ImageAnalysis(const EngineState& engine_state, std::vector<std::unique_ptr<const ImageAnalyzer>> analyzers)
    : analyzers_(std::move(analyzers)), state_(analyzers_state(engine_state, analyzers_)) {}

ImageFindings ImageAnalysis::run(const ImageDocuments& image) const {
  WorkMeter work;
  work.begin(limits::layer_work_base + limits::layer_work_per_byte * (image.config_bytes.size() + image.manifest_bytes.size()));
  const WorkScope scope(work);
  ImageFindings all;
  for (const auto& analyzer : analyzers_) {
    ImageFindings found = analyzer->analyze(image);
    std::ranges::move(found.findings, std::back_inserter(all.findings));
    std::ranges::move(found.diagnostics, std::back_inserter(all.diagnostics));
  }
  normalize(all.findings);
  keep_within_limits(all);
  return all;
}

}  // namespace landwaiter::detectors
