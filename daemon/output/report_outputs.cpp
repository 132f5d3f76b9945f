// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/report_outputs.hpp"

#include "core/base/nearest.hpp"
#include "core/base/text.hpp"
#include "core/os/terminal.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

namespace landwaiter::daemon {
namespace {

/// Empty if there is no such format.
std::string known_format(const std::string& text) {
  const auto& names = report_formats();
  const auto known = std::ranges::find_if(names, [&](const std::string& name) { return iequals(name, text); });
  return known == names.end() ? std::string() : *known;
}

std::string file_of(const std::string& name) { return name == "-" ? std::string() : name; }

struct Ending {
  std::string_view text;
  const char* format;
};
/// What files of these formats are called; the first that fits.
constexpr std::array<Ending, 8> kEndings{{{"code-quality-report.json", "gitlab"},
                                          {".cdx.json", "cyclonedx"},
                                          {"bom.json", "cyclonedx"},
                                          {".sarif.json", "sarif"},
                                          {".sarif", "sarif"},
                                          {".json", "json"},
                                          {".csv", "csv"},
                                          {".xml", "junit"}}};

std::string format_by_ending(const std::string& file) {
  const std::string name = to_lower(file);
  const auto ending = std::ranges::find_if(kEndings, [&](const Ending& each) { return name.ends_with(each.text); });
  return ending == kEndings.end() ? "table" : ending->format;
}

/// One `-o`; without a format if it names only a file.
Result<OutputChoice> read_output(const std::string& text) {
  if (text.empty()) return Error(ErrorCode::invalid_argument, "--output needs a file, or FORMAT=FILE");
  if (const std::string alone = known_format(text); !alone.empty()) return OutputChoice{alone, {}};
  const std::size_t equals = text.find('=');
  const std::string first = text.substr(0, equals);
  if (equals == std::string::npos || first.find_first_of("/.") != std::string::npos) return OutputChoice{{}, file_of(text)};
  const std::string format = known_format(first);
  if (format.empty()) {
    return Error(ErrorCode::invalid_argument, "--output " + landwaiter::quoted(text) + ": there is no format " + landwaiter::quoted(first) +
                                                  did_you_mean(first, report_formats()) + " (a file of such a name is written as ./NAME)");
  }
  if (equals + 1 == text.size()) return Error(ErrorCode::invalid_argument, "--output " + text + " names no file");
  return OutputChoice{format, file_of(text.substr(equals + 1))};
}

TableStyle table_style(const ReportOptions& options, const OutputChoice& choice, const Environment& environment) {
  const bool terminal = choice.file.empty() && is_terminal(StandardStream::output);
  TableStyle style;
  const auto no_color = environment("NO_COLOR");
  const auto columns = environment("COLUMNS");
  style.color = wants_color(terminal, no_color ? no_color->c_str() : nullptr);
  const auto its_columns = terminal ? terminal_columns(StandardStream::output) : std::nullopt;
  style.width = terminal_width(its_columns, columns ? columns->c_str() : nullptr);
  style.all = options.all;
  style.least = options.least;
  style.failures = !choice.file.empty();
  return style;
}

}  // namespace

Result<std::vector<OutputChoice>> choose_outputs(const std::string& format, const std::vector<std::string>& outputs) {
  std::vector<OutputChoice> out;
  bool format_used = format.empty() && !outputs.empty();
  for (const std::string& text : outputs) {
    auto choice = read_output(text);
    if (!choice) return choice.error();
    if (choice->format.empty()) {
      choice->format = format.empty() ? format_by_ending(choice->file) : format;
      format_used = true;
    }
    out.push_back(*std::move(choice));
  }
  if (!format_used) out.push_back({format.empty() ? "table" : format, {}});
  std::set<std::string> files;
  for (const OutputChoice& choice : out) {
    // However it is spelled; a file that does not exist yet has a folder that does.
    std::error_code unknown;
    const auto file =
        choice.file.empty() ? std::filesystem::path() : std::filesystem::weakly_canonical(std::filesystem::absolute(choice.file), unknown);
    if (files.insert(unknown ? choice.file : file.string()).second) continue;
    return Error(ErrorCode::invalid_argument, choice.file.empty()
                                                  ? "standard output can have one format: give the others a file, as in -o sarif=FILE"
                                                  : "--output: " + landwaiter::quoted(choice.file) + " is named twice");
  }
  return out;
}

std::string written_text(const std::vector<OutputChoice>& outputs) {
  std::string out;
  for (const OutputChoice& each : outputs) {
    if (!each.file.empty()) out += (out.empty() ? "" : ", ") + each.file + " (" + each.format + ")";
  }
  return out;
}

bool shows_result(const ReportOptions& options) {
  return std::ranges::any_of(options.outputs, [](const OutputChoice& each) { return each.file.empty(); });
}

Result<ReportOutputs> ReportOutputs::open(const ReportOptions& options, const Environment& environment) {
  ReportOutputs out;
  const std::string epoch = environment("SOURCE_DATE_EPOCH").value_or("");
  for (const OutputChoice& choice : options.outputs) {
    auto file = OutputFile::open(choice.file);
    if (!file) return file.error();
    auto writer = make_report_writer(choice.format, options.cyclonedx_version, epoch, table_style(options, choice, environment));
    out.outputs_.push_back({std::move(writer), *std::move(file)});
  }
  return out;
}

ReportOutputs::Phase ReportOutputs::phase_of(const Output& output) {
  return output.writer->failures_first() ? Phase::before_images : Phase::after_images;
}

bool ReportOutputs::wants_failures(Phase phase) const {
  return std::ranges::any_of(outputs_, [&](const Output& output) { return phase_of(output) == phase; });
}

Result<void> ReportOutputs::failure(const FailedImage& failure, Phase phase) {
  for (Output& output : outputs_) {
    if (phase_of(output) != phase) continue;
    auto written = output.file.write(output.writer->failure(failure));
    if (!written) return written;
  }
  return {};
}

Result<void> ReportOutputs::image(const ImageReport& image) {
  for (Output& output : outputs_) {
    auto written = output.file.write(output.writer->image(image));
    if (!written) return written;
  }
  return {};
}

Result<void> ReportOutputs::finish() {
  for (Output& output : outputs_) {
    auto written = output.file.write(output.writer->end());
    if (written) written = output.file.finish();
    if (!written) return written;
  }
  return {};
}

}  // namespace landwaiter::daemon
