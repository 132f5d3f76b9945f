// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"

#include <string>
#include <string_view>

namespace landwaiter {

/// dump_json(report), made finding by finding: a report may be large, and a document takes several times the memory of its text.
std::string to_text(const LayerReport& report);
/// As parse_json_as, taking the document apart as it goes, for the same reason. `what` names the report in an error.
Result<LayerReport> parse_layer_report(std::string_view text, std::string_view what);

}  // namespace landwaiter
