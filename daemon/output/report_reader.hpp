// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json.hpp"
#include "core/report/report.hpp"
#include "daemon/output/output.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::daemon {

/// What an earlier `landwaiter scan --format json` wrote. Anybody may have made the file: what its texts hold that a terminal would obey is
/// escaped, and its size is bounded as that of every document.
struct StoredReport {
  std::vector<ImageReport> images;
  std::vector<FailedImage> failures;
};

/// Images in the order of exports::in_order(). `name` is the file's, for errors: configuration.
Result<StoredReport> read_report(std::string_view text, const std::string& name);
/// The same from a file, or from standard input if that is "-".
Result<StoredReport> load_report(const std::string& file);

}  // namespace landwaiter::daemon
