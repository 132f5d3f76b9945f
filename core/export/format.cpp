// SPDX-License-Identifier: Apache-2.0
#include "core/export/format.hpp"

#include "core/base/enum_names.hpp"
#include "core/export/csv.hpp"
#include "core/export/sarif.hpp"

namespace landwaiter::exports {
namespace {

constexpr EnumNames<Format, 3> kFormatNames{{{Format::cyclonedx, "cyclonedx"}, {Format::sarif, "sarif"}, {Format::csv, "csv"}}};

}  // namespace

std::optional<Format> format_from(std::string_view name) { return value_of(kFormatNames, name); }

std::string media_type(Format format, CycloneDxVersion version) {
  switch (format) {
    case Format::csv: return "text/csv; charset=utf-8";
    case Format::sarif: return "application/sarif+json";
    case Format::cyclonedx: break;
  }
  return std::string("application/vnd.cyclonedx+json; version=") + (version == CycloneDxVersion::v1_6 ? "1.6" : "1.7");
}

std::unique_ptr<DocumentWriter> make_writer(Format format, CycloneDxVersion version, const Options& options) {
  switch (format) {
    case Format::csv: return csv_writer();
    case Format::sarif: return sarif_writer(options);
    case Format::cyclonedx: break;
  }
  return cyclonedx_writer(version, options);
}

std::string document(Format format, CycloneDxVersion version, std::span<const ImageReport> images, const Options& options) {
  return whole(*make_writer(format, version, options), images);
}

}  // namespace landwaiter::exports
