// SPDX-License-Identifier: Apache-2.0
// A layer's report and its facts from outside, in one object: what is accepted is written and read again as the same, and can be composed.
#include "core/base/json_reader.hpp"
#include "core/report/compose.hpp"
#include "core/report/report.hpp"

#include <cstdlib>

using namespace landwaiter;

namespace {

template <class T>
void check_round_trip(const T& value) {
  const std::string text = dump_json(nlohmann::json(value));
  const auto again = parse_json_as<T>(text, "it", kJsonReport);
  if (!again || dump_json(nlohmann::json(*again)) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto report = parse_json_as<LayerReport>(as_text({data, size}), "report", kJsonReport);
  if (!report) {
    if (report.error().message().empty()) std::abort();
    return 0;
  }
  check_round_trip(*report);
  ScannedLayer layer{{}, {*report}};
  if (auto layer_facts = parse_json_as<LayerFacts>(as_text({data, size}), "facts", kJsonReport)) {
    check_round_trip(*layer_facts);
    layer.facts = *std::move(layer_facts);
  }

  ImageFacts facts;
  facts.layers = {report->layer, Digest::sha256_of({}), report->layer};
  const ImageReport image = compose(facts, {report->of}, {{report->layer, layer}});
  for (const Finding& finding : image.findings) {
    for (const Occurrence& occurrence : finding.occurrences) {
      if (occurrence.layer.empty()) std::abort();
    }
  }
  for (const Package& package : image.packages) {
    if (package.occurrences.empty() || !check_package(package)) std::abort();
  }
  return 0;
}
