// SPDX-License-Identifier: Apache-2.0
#include "core/export/format.hpp"

#include "core/export/csv.hpp"
#include "core/export/sarif.hpp"
#include "tests/core/export/samples.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::exports {

TEST_CASE("a format is known by its name and no other") {
  CHECK(format_from("cyclonedx") == Format::cyclonedx);
  CHECK(format_from("sarif") == Format::sarif);
  CHECK(format_from("csv") == Format::csv);
  for (const char* name : {"", "CSV", "table", "json", "cyclonedx "}) CHECK_FALSE(format_from(name).has_value());
}

TEST_CASE("each format is written by its own exporter and says its media type") {
  const auto images = test::export_samples();
  const Options options{"1.0", ""};
  CHECK(document(Format::csv, CycloneDxVersion::v1_6, images, options) == csv(images));
  CHECK(document(Format::sarif, CycloneDxVersion::v1_6, images, options) == sarif(images, options));
  for (const auto version : {CycloneDxVersion::v1_6, CycloneDxVersion::v1_7}) {
    CHECK(document(Format::cyclonedx, version, images, options) == cyclonedx(images, version, options));
  }
  CHECK(media_type(Format::csv, CycloneDxVersion::v1_6) == "text/csv; charset=utf-8");
  CHECK(media_type(Format::sarif, CycloneDxVersion::v1_6) == "application/sarif+json");
  CHECK(media_type(Format::cyclonedx, CycloneDxVersion::v1_6) == "application/vnd.cyclonedx+json; version=1.6");
  CHECK(media_type(Format::cyclonedx, CycloneDxVersion::v1_7) == "application/vnd.cyclonedx+json; version=1.7");
}

}  // namespace landwaiter::exports
