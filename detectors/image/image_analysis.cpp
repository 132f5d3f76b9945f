// SPDX-License-Identifier: Apache-2.0
#include "detectors/image/image_analysis.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
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

void keep_within_limits(ImageFindings& found) {
  std::uint64_t bytes = 0;
  sort_for_people(found.findings);
  const auto too_much = [&](const Finding& finding) {
    bytes += dump_json(finding).size();
    return bytes > kImageFindingsBytesMax;
  };
  const auto first = std::ranges::find_if(found.findings, too_much);
  if (first == found.findings.end()) return;
  Diagnostic cut;
  cut.code = ErrorCode::limit_exceeded;
  cut.message = std::to_string(found.findings.end() - first) + " findings in the image's config and manifest are left out, beyond " +
                human_bytes(kImageFindingsBytesMax);
  found.findings.erase(first, found.findings.end());
  found.diagnostics.push_back(std::move(cut));
}

}  // namespace

ImageAnalysis::ImageAnalysis(std::shared_ptr<const Engine> engine) : ImageAnalysis(engine->state(), listed_analyzers(engine)) {}

ImageAnalysis::ImageAnalysis(const EngineState& engine_state, std::vector<std::unique_ptr<const ImageAnalyzer>> analyzers)
    : analyzers_(std::move(analyzers)), state_(analyzers_state(engine_state, analyzers_)) {}

ImageFindings ImageAnalysis::run(const ImageDocuments& image) const {
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
