// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/output_file.hpp"
#include "daemon/output/output.hpp"
#include "daemon/settings/config.hpp"

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// Where a result goes, and in which format.
struct OutputChoice {
  std::string format;
  std::string file;  ///< empty: standard output

  bool operator==(const OutputChoice&) const = default;
};

struct ReportOptions {
  std::vector<OutputChoice> outputs{{"table", ""}};
  std::string cyclonedx_version = "1.6";
  bool all = false;                 ///< a table lists every finding
  Severity least = Severity::info;  ///< a table lists no milder ones
};

/// What `--format` (empty if it was not given) and each `-o` mean together. FORMAT=FILE is that file in that format; a FORMAT alone, or
/// with the file -, is on standard output; everything else is a file in the format of `--format`, by default a table. A `--format` that no
/// such file takes is that of standard output. Errors: invalid_argument: an unknown format, one file or standard output twice.
Result<std::vector<OutputChoice>> choose_outputs(const std::string& format, const std::vector<std::string>& outputs);

/// "report.json (json), x.sarif (sarif)": the files among them.
std::string written_text(const std::vector<OutputChoice>& outputs);

/// Whether standard output has the result, or a part of it.
bool shows_result(const ReportOptions& options);

/// A command's result in several formats at once, each to its file or to standard output: an image is composed and judged once. Files
/// appear whole or not at all.
class ReportOutputs {
 public:
  /// When failures are given: some formats have them before the images, some after.
  enum class Phase { before_images, after_images };

  /// Fails at once if something cannot be written.
  static Result<ReportOutputs> open(const ReportOptions& options, const Environment& environment);

  bool wants_failures(Phase phase) const;
  /// To those formats that want failures in this phase.
  Result<void> failure(const FailedImage& failure, Phase phase);
  Result<void> image(const ImageReport& image);
  /// After everything, once.
  Result<void> finish();

 private:
  struct Output {
    std::unique_ptr<ReportWriter> writer;
    OutputFile file;
  };
  static Phase phase_of(const Output& output);

  std::vector<Output> outputs_;
};

}  // namespace landwaiter::daemon
