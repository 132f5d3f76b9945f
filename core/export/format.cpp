// SPDX-License-Identifier: Apache-2.0
#include "core/export/format.hpp"

#include "core/base/enum_names.hpp"
#include "core/export/csv.hpp"
#include "core/export/gitlab.hpp"
#include "core/export/junit.hpp"
#include "core/export/sarif.hpp"

namespace landwaiter::exports {
namespace {

constexpr EnumNames<Format, 5> kFormatNames{{{Format::cyclonedx, "cyclonedx"},
                                             {Format::sarif, "sarif"},
                                             {Format::csv, "csv"},
                                             {Format::gitlab, "gitlab"},
                                             {Format::junit, "junit"}}};

}  // namespace

std::optional<Format> format_from(std::string_view name) { return value_of(kFormatNames, name); }

std::vector<std::string> format_names() {
  std::vector<std::string> out;
  for (const auto& [format, name] : kFormatNames) out.emplace_back(name);
  return out;
}

std::string media_type(Format format, CycloneDxVersion version) {
  switch (format) {
    case Format::csv: return "text/csv; charset=utf-8";
    case Format::sarif: return "application/sarif+json";
    case Format::gitlab: return "application/json";
    case Format::junit: return "application/xml; charset=utf-8";
    case Format::cyclonedx: break;
  }
  return std::string("application/vnd.cyclonedx+json; version=") + (version == CycloneDxVersion::v1_6 ? "1.6" : "1.7");
}

std::unique_ptr<DocumentWriter> make_writer(Format format, CycloneDxVersion version, const Options& options) {
  switch (format) {
    case Format::csv: return csv_writer();
    case Format::sarif: return sarif_writer(options);
    case Format::gitlab: return gitlab_writer();
    case Format::junit: return junit_writer();
    case Format::cyclonedx: break;
  }
  return cyclonedx_writer(version, options);
}

std::string document(Format format, CycloneDxVersion version, std::span<const ImageReport> images, const Options& options) {
  return whole(*make_writer(format, version, options), images);
}

}  // namespace landwaiter::exports
