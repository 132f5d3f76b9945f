// SPDX-License-Identifier: Apache-2.0
#include "core/export/export.hpp"

#include "core/export/csv.hpp"
#include "core/export/cyclonedx.hpp"
#include "core/export/sarif.hpp"
#include "tests/core/export/samples.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <random>

using namespace landwaiter;

namespace {

void shuffle(std::vector<ImageReport>& images, unsigned seed) {
  std::mt19937 random(seed);
  std::ranges::shuffle(images, random);
  for (ImageReport& image : images) {
    std::ranges::shuffle(image.findings, random);
    for (Finding& finding : image.findings) std::ranges::shuffle(finding.occurrences, random);
  }
}

}  // namespace

TEST_CASE("the same images in any order give the same bytes, in every format") {
  const auto first = test::export_samples();
  const exports::Options options{"1.0", ""};
  for (unsigned seed = 1; seed <= 20; ++seed) {
    auto again = test::export_samples();
    shuffle(again, seed);
    CHECK(exports::cyclonedx(again, exports::CycloneDxVersion::v1_6, options) ==
          exports::cyclonedx(first, exports::CycloneDxVersion::v1_6, options));
    CHECK(exports::cyclonedx(again, exports::CycloneDxVersion::v1_7, options) ==
          exports::cyclonedx(first, exports::CycloneDxVersion::v1_7, options));
    CHECK(exports::sarif(again, options) == exports::sarif(first, options));
    CHECK(exports::csv(again) == exports::csv(first));
  }
}

TEST_CASE("SOURCE_DATE_EPOCH is a number of seconds") {
  CHECK(exports::timestamp_from_epoch("0") == "1970-01-01T00:00:00Z");
  CHECK(exports::timestamp_from_epoch("1780272000") == "2026-06-01T00:00:00Z");
  for (const std::string_view wrong : {"", "-1", "1.5", "now", "99999999999999", "1 "}) CHECK(exports::timestamp_from_epoch(wrong).empty());
}
