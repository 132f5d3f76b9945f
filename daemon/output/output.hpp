// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"
#include "daemon/output/table.hpp"

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// An image without a report, and the reason.
struct FailedImage {
  std::string reference;
  Error error;
};

/// "REFERENCE: why", the reference once.
std::string failure_text(const FailedImage& failure);

/// A command's result in one format, in pieces, so that not all of its images need be in memory at once. The pieces, in the order in
/// which they come, are the result. First come all failures or all images, as failures_first() says, then the others, then end().
class ReportWriter {
 public:
  virtual ~ReportWriter() = default;
  virtual bool failures_first() const { return false; }
  virtual std::string failure(const FailedImage& failure) = 0;
  /// In the order of exports::in_order().
  virtual std::string image(const ImageReport& image) = 0;
  virtual std::string end() = 0;
};

/// The names that make_report_writer() knows.
const std::vector<std::string>& report_formats();

/// "json" is the document that docs/report.schema.json describes: {"images":[...],"failures":[...]}. "cyclonedx" (of that version),
/// "sarif", "csv", "gitlab" and "junit" are those of core/export. "table" is for people, image by image: what needs action, worst first,
/// then diagnostics, then a line with counts; at the end of several images, all in one list. `epoch` is SOURCE_DATE_EPOCH, or empty.
std::unique_ptr<ReportWriter> make_report_writer(const std::string& format, const std::string& cyclonedx_version, const std::string& epoch,
                                                 const TableStyle& style);

/// Writes a command's result to `file`, or to standard output if that is empty.
Result<void> write_output(const std::string& file, const std::string& text);

}  // namespace landwaiter::daemon
