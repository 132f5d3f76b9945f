// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/convert_command.hpp"

#include "core/base/clock.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/output/report_reader.hpp"
#include "daemon/output/scan_summary.hpp"

#include <iostream>

namespace landwaiter::daemon {
namespace {

Result<void> write_failures(const StoredReport& report, ReportOutputs::Phase phase, ReportOutputs& outputs) {
  for (const FailedImage& failure : report.failures) {
    auto written = outputs.failure(failure, phase);
    if (!written) return written;
  }
  return {};
}

Result<void> write(StoredReport report, Decisions& decisions, SystemTime today, ReportOutputs& outputs, ScanSummary& summary) {
  auto done = write_failures(report, ReportOutputs::Phase::before_images, outputs);
  for (ImageReport& image : report.images) {
    if (!done) return done;
    summary.add(image, decisions.apply(image, today));
    done = outputs.image(image);
    image = {};
  }
  if (done) done = write_failures(report, ReportOutputs::Phase::after_images, outputs);
  for (std::size_t i = 0; i < report.failures.size(); ++i) summary.add_failure();
  return done ? outputs.finish() : done;
}

}  // namespace

int run_convert(ConvertOptions options, const Environment& environment) {
  auto decisions = make_decisions(options.judging);
  if (!decisions) return fail_usage(decisions.error());
  auto report = load_report(options.report);
  if (!report) return fail_usage(report.error());
  auto outputs = ReportOutputs::open(options.outputs, environment);
  if (!outputs) return fail_usage(outputs.error());
  ScanSummary summary(options.judging.fail_on);
  const SystemTime today = RealClock().now();
  auto done = write(*std::move(report), *decisions, today, *outputs, summary);
  if (!done) return fail_usage(done.error());
  tell_decisions(*decisions, today);
  std::cerr << summary.text(written_text(options.outputs.outputs));
  return exit_code(judged_end(summary, options.judging, false));
}

}  // namespace landwaiter::daemon
