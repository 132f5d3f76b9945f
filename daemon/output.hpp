// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report.hpp"

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// An image that has no report, and why.
struct FailedImage {
  std::string reference;
  Error error;
};

/// The document of `--format json`, as docs/report.schema.json describes it: {"images":[...],"failures":[...]}.
std::string render_json(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures);

/// Tables for people: worst findings first, then diagnostics, then a line of counts for each image.
std::string render_tables(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures, bool color);

/// Writes a command's result to `file`, or to standard output when that is empty.
Result<void> write_output(const std::string& file, const std::string& text);

/// A `--fail-on` rule: "high" (that severity or worse), "private-key" (that type), or "certificate:medium" (both).
struct FailRule {
  std::optional<FindingType> type;
  Severity severity = Severity::info;

  static Result<FailRule> parse(std::string_view text);
  /// Assets that a later layer deletes count too: they can still be pulled with the image.
  bool met_by(const Finding& finding) const;
};

/// A plain table: columns as wide as their content, two spaces between; the last column is never padded.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string render() const;
  bool empty() const { return rows_.size() == 1; }

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace landwaiter::daemon
