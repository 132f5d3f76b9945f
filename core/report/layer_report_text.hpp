// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json_reader.hpp"
#include "core/report/report.hpp"

#include <string>
#include <string_view>

namespace landwaiter {

/// The report as a document whose list of findings is empty: for those who write it finding by finding.
nlohmann::json head_of(const LayerReport& report);
nlohmann::json head_of(const ImageReport& report);

/// What of a head's text is before and after its empty list of findings.
struct AroundFindings {
  std::string before;
  std::string after;
};
/// `member` is how that list begins in this text, from its name to the bracket; inside of texts, quotation marks and line ends are escaped.
AroundFindings around_findings(std::string text, std::string_view member);

/// dump_json(report), made finding by finding: a report may be large, and a document takes several times the memory of its text.
std::string to_text(const LayerReport& report);
/// Leaves out of the end of its findings and packages what would make its text too long to be read again (kJsonReport). True if it did.
bool fit_to_read(LayerReport& report, std::size_t nodes_max = kJsonReport.nodes);
/// As parse_json_as, taking the document apart as it goes, for the same reason. `what` names the report in an error.
Result<LayerReport> parse_layer_report(std::string_view text, std::string_view what);

}  // namespace landwaiter
