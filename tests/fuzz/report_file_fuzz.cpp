// SPDX-License-Identifier: Apache-2.0
// A report in a file of anybody, as `convert` and `--baseline` read it: what is accepted is judged and written in every format, holds
// nothing that a terminal obeys, and in JSON is read again as the same.
#include "core/assess/decisions.hpp"
#include "core/base/text.hpp"
#include "daemon/output/fail_rule.hpp"
#include "daemon/output/output.hpp"
#include "daemon/output/report_reader.hpp"
#include "daemon/output/scan_summary.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string written(const StoredReport& report, const std::string& format) {
  TableStyle style;
  style.all = style.failures = true;
  const auto writer = make_report_writer(format, "1.6", "", style);
  std::string out;
  const auto failures = [&] {
    for (const FailedImage& failure : report.failures) out += writer->failure(failure);
  };
  if (writer->failures_first()) failures();
  for (const ImageReport& image : report.images) out += writer->image(image);
  if (!writer->failures_first()) failures();
  return out + writer->end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto report = read_report(as_text({data, size}), "report.json");
  if (!report) {
    require(report.error().code() == ErrorCode::configuration && !report.error().message().empty());
    return 0;
  }
  for (const std::string& format : report_formats()) {
    const std::string text = written(*report, format);
    require(std::ranges::none_of(text, [](char c) { return c == '\x1b' || c == '\0'; }));
  }
  const std::string once = written(*report, "json");
  const auto again = read_report(once, "report.json");
  require(again.has_value() && written(*again, "json") == once);

  ScanSummary summary(*FailRule::parse_list("info,incomplete,expired,private-key:high"));
  Decisions decisions;
  for (ImageReport& image : report->images) summary.add(image, decisions.apply(image, SystemTime()));
  require(!summary.text("").empty());
  return 0;
}
