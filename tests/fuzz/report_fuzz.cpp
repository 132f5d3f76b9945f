// SPDX-License-Identifier: Apache-2.0
// A layer report from outside: what is accepted is written and read again as the same, and can be composed.
#include "core/base/json.hpp"
#include "core/report/compose.hpp"
#include "core/report/report.hpp"

#include <cstdlib>

using namespace landwaiter;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto report = parse_json_as<LayerReport>(as_text({data, size}), "report");
  if (!report) {
    if (report.error().message().empty()) std::abort();
    return 0;
  }
  const std::string text = dump_json(nlohmann::json(*report));
  auto again = parse_json_as<LayerReport>(text, "report");
  if (!again || dump_json(nlohmann::json(*again)) != text) std::abort();

  ImageFacts facts;
  facts.layers = {report->layer, Digest::sha256_of({}), report->layer};
  const std::vector<const LayerReport*> reports{&*report, &*again, &*again};
  const ImageReport image = compose(facts, report->detector_state, reports);
  for (const Finding& finding : image.findings) {
    for (const Occurrence& occurrence : finding.occurrences) {
      if (occurrence.layer.empty()) std::abort();
    }
  }
  return 0;
}
