// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/output.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/export/format.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

namespace landwaiter::daemon {
namespace {

using nlohmann::json;

constexpr std::size_t kDiagnosticsShown = 20;

/// What makes the result incomplete comes first, because it is what a reader must know.
std::string diagnostics_list(const ImageReport& image) {
  std::vector<Diagnostic> diagnostics = image.diagnostics;
  std::ranges::stable_sort(diagnostics, std::greater<>(), [](const Diagnostic& each) { return each.effect == Effect::incomplete; });
  std::string out;
  if (incomplete(image)) out += "  INCOMPLETE: parts of this image were not searched, so something may be missing\n";
  for (std::size_t i = 0; i < std::min(diagnostics.size(), kDiagnosticsShown); ++i) {
    const Diagnostic& diagnostic = diagnostics[i];
    out += diagnostic.effect == Effect::incomplete ? "  ! incomplete, " : "  ! ";
    out += std::string(to_string(diagnostic.code)) + ": ";
    if (!diagnostic.path.empty()) out += exports::place_text(diagnostic.path, diagnostic.archive) + ": ";
    out += diagnostic.message + "\n";
  }
  if (image.diagnostics.size() > kDiagnosticsShown) {
    out += "  ! ... and " + std::to_string(image.diagnostics.size() - kDiagnosticsShown) + " more; see --format json\n";
  }
  return out;
}

std::string summary_line(const ImageReport& image) {
  std::ostringstream line;
  line << image.facts.layers.size() << " layers (" << image.layers_fetched << " read, " << image.layers_reused << " known), "
       << image.stats.files << " files, " << human_bytes(image.stats.expanded_bytes);
  if (image.stats.archives > 0) line << ", " << image.stats.archives << " archives with " << image.stats.nested_files << " files";
  if (incomplete(image)) line << "; incomplete";
  return line.str();
}

}  // namespace

std::string render_json(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures) {
  json failed = json::array();
  for (const FailedImage& failure : failures) {
    failed.push_back({{"reference", failure.reference}, {"code", to_string(failure.error.code())}, {"message", failure.error.message()}});
  }
  return dump_json_pretty({{"images", images}, {"failures", std::move(failed)}}) + "\n";
}

std::string render(const std::string& format, const std::string& cyclonedx_version, const std::vector<ImageReport>& images,
                   const std::vector<FailedImage>& failures, const std::string& epoch) {
  const exports::Options options{LANDWAITER_VERSION, exports::timestamp_from_epoch(epoch)};
  if (const auto exported = exports::format_from(format)) {
    const auto version = exports::cyclonedx_version_from(cyclonedx_version).value_or(exports::CycloneDxVersion::v1_6);
    return exports::document(*exported, version, images, options);
  }
  return render_json(images, failures);
}

std::string render_tables(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures, const TableStyle& style) {
  std::string out;
  for (const ImageReport& image : images) {
    const char* bold = style.color ? "\x1b[1m" : "";
    const char* plain = style.color ? "\x1b[0m" : "";
    out += bold + image.facts.reference + plain + "  " + image.facts.digest.str().substr(0, 19) + "  " + image.facts.platform + "\n";
    out += findings_text(image, style) + diagnostics_list(image) + summary_line(image) + "\n\n";
  }
  for (const FailedImage& failure : failures) out += "FAILED  " + failure.reference + ": " + failure.error.message() + "\n";
  return out;
}

Result<void> write_output(const std::string& file, const std::string& text) {
  if (file.empty()) {
    std::cout << text << std::flush;
    return {};
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return Error(ErrorCode::io, file + ": cannot be written");
  return {};
}

Result<FailRule> FailRule::parse(std::string_view text) {
  FailRule rule;
  const std::size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  rule.type = finding_type_from(first);
  const auto alone = severity_from(first);
  if (!rule.type && colon == std::string_view::npos && alone) {
    rule.severity = *alone;
    return rule;
  }
  const auto second = colon == std::string_view::npos ? std::optional(Severity::info) : severity_from(text.substr(colon + 1));
  if (!rule.type || !second) {
    return Error(ErrorCode::invalid_argument, "--fail-on " + quoted(text) +
                                                  " is not a valid rule; use a severity (info, low, medium, high, critical), a type "
                                                  "(private-key, certificate, ...), or TYPE:SEVERITY");
  }
  rule.severity = *second;
  return rule;
}

bool FailRule::met_by(const Finding& finding) const { return (!type || *type == finding.type) && finding.severity >= severity; }

}  // namespace landwaiter::daemon
