// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"
#include "daemon/output/table.hpp"

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// An image without a report, and the reason.
struct FailedImage {
  std::string reference;
  Error error;
};

/// The document of `--format json`, as docs/report.schema.json describes it: {"images":[...],"failures":[...]}.
std::string render_json(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures);

/// The document of any `--format` except table: "json", "cyclonedx" (of that version), "sarif" or "csv"; the latter three cannot show
/// failures. `epoch` is SOURCE_DATE_EPOCH, or empty.
std::string render(const std::string& format, const std::string& cyclonedx_version, const std::vector<ImageReport>& images,
                   const std::vector<FailedImage>& failures, const std::string& epoch);

/// For people, image by image: what needs action, worst first, then diagnostics, then a line with counts.
std::string render_tables(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures, const TableStyle& style);

/// Writes a command's result to `file`, or to standard output when that is empty.
Result<void> write_output(const std::string& file, const std::string& text);

/// A `--fail-on` rule: "high" (that severity or worse), "private-key" (that type), or "certificate:medium" (both).
struct FailRule {
  std::optional<FindingType> type;
  Severity severity = Severity::info;

  static Result<FailRule> parse(std::string_view text);
  /// Assets that a later layer deletes also count: they can still be pulled with the image.
  bool met_by(const Finding& finding) const;
};

}  // namespace landwaiter::daemon
