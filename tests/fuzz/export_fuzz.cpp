// SPDX-License-Identifier: Apache-2.0
// A layer report from outside, assessed and exported: every document is valid JSON, the same for the same content, and holds no
// attribute that is not on the list of those that may be shown.
#include "core/assess/assess.hpp"
#include "core/base/json_reader.hpp"
#include "core/export/csv.hpp"
#include "core/export/cyclonedx.hpp"
#include "core/export/sarif.hpp"
#include "core/report/compose.hpp"

#include <algorithm>
#include <cstdlib>

using namespace landwaiter;
using exports::CycloneDxVersion;

namespace {

constexpr std::string_view kCanary = "canary-9f2c41d7";

std::vector<ImageReport> images_of(const LayerReport& report) {
  ImageFacts facts;
  facts.layers = {report.layer};
  const std::map<Digest, ScannedLayer> layers{{report.layer, {{}, {report}}}};
  std::vector<ImageReport> images;
  images.push_back(compose(std::move(facts), {report.of}, layers));
  for (Finding& finding : images[0].findings) {
    if (!finding.attributes.is_object()) continue;
    for (const char* name : {"private_key", "secret", "passphrase", "value", "modulus"}) finding.attributes[name] = kCanary;
  }
  assess_all(images, Policy::standard(), SystemTime(), nullptr);
  return images;
}

void check(const std::string& text) {
  if (!parse_json(text, "export", kJsonReport) || text.find(kCanary) != std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto report = parse_json_as<LayerReport>(as_text({data, size}), "report", kJsonReport);
  if (!report) return 0;
  std::vector<ImageReport> images = images_of(*report);
  const std::string bom = exports::cyclonedx(images, CycloneDxVersion::v1_7, {});
  check(bom);
  check(exports::cyclonedx(images, CycloneDxVersion::v1_6, {}));
  check(exports::sarif(images, {}));
  if (exports::csv(images).find(kCanary) != std::string::npos) std::abort();
  std::ranges::reverse(images[0].findings);
  if (exports::cyclonedx(images, CycloneDxVersion::v1_7, {}) != bom) std::abort();
  return 0;
}
