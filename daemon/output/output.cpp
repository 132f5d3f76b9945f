// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/output.hpp"

#include "core/base/json_list_text.hpp"
#include "core/base/text.hpp"
#include "core/export/format.hpp"
#include "core/os/output_file.hpp"
#include "core/report/coverage.hpp"
#include "core/report/layer_report_text.hpp"
#include "daemon/output/image_index.hpp"

#include <algorithm>
#include <functional>
#include <sstream>
#include <utility>

namespace landwaiter::daemon {
namespace {

constexpr std::size_t kDiagnosticsShown = 20;

/// What a line about something that was not searched begins with.
const char* mark_of(Effect effect) {
  switch (effect) {
    case Effect::incomplete: return "  ! incomplete, ";
    case Effect::not_opened: return "  ! not opened, ";
    case Effect::note: break;
  }
  return "  ! ";
}

/// What was not searched comes first, because it is what a reader must know.
std::string diagnostics_list(const ImageReport& image) {
  std::vector<Diagnostic> diagnostics = image.diagnostics;
  std::ranges::stable_sort(diagnostics, std::greater<>(), &Diagnostic::effect);
  const Coverage coverage = coverage_of(image);
  std::string out;
  if (coverage.state() == CoverageState::incomplete) out += "  INCOMPLETE: " + coverage_text(coverage) + "\n";
  for (std::size_t i = 0; i < std::min(diagnostics.size(), kDiagnosticsShown); ++i) {
    const Diagnostic& diagnostic = diagnostics[i];
    out += mark_of(diagnostic.effect) + std::string(to_string(diagnostic.code)) + ": ";
    if (!diagnostic.path.empty()) out += exports::place_text(diagnostic.path, diagnostic.archive) + ": ";
    out += diagnostic.message + "\n";
  }
  if (image.diagnostics.size() > kDiagnosticsShown) {
    out += "  ! ... and " + std::to_string(image.diagnostics.size() - kDiagnosticsShown) + " more; see --format json\n";
  }
  return out;
}

std::string summary_line(const ImageReport& image) {
  std::ostringstream line;
  line << counted(image.facts.layers.size(), "layer", "layers") << " (" << image.layers_fetched << " read, " << image.layers_reused
       << " known), " << counted(image.stats.files, "file", "files") << ", " << human_bytes(image.stats.expanded_bytes);
  if (image.stats.archives > 0)
    line << ", " << counted(image.stats.archives, "archive", "archives") << " with " << counted(image.stats.nested_files, "file", "files");
  const Coverage coverage = coverage_of(image);
  if (coverage.not_opened > 0) line << ", " << coverage.not_opened << " not opened";
  if (coverage.incomplete > 0) line << "; incomplete";
  return line.str();
}

class JsonReport final : public ReportWriter {
 public:
  bool failures_first() const override { return true; }
  std::string failure(const FailedImage& failure) override {
    return begin() +
           failures_.add(
               {{"reference", failure.reference}, {"code", to_string(failure.error.code())}, {"message", failure.error.message()}});
  }
  std::string image(const ImageReport& image) override {
    // Finding by finding: as one document, they take several times the memory of their text.
    auto [text, after] = around_findings(images_.add(head_of(image)), "\n      \"findings\": ");
    text.insert(0, begin_images());
    JsonListText list(2);
    for (const Finding& finding : image.findings) text += list.add(finding);
    return (text += list.end()) += after;
  }
  std::string end() override { return begin_images() + images_.end() + "\n}\n"; }

 private:
  /// Both are empty but for the first time.
  std::string begin() { return std::exchange(begin_, ""); }
  std::string begin_images() {
    if (in_images_) return {};
    in_images_ = true;
    return begin() + failures_.end() + ",\n  \"images\": ";
  }

  std::string begin_ = "{\n  \"failures\": ";
  bool in_images_ = false;
  JsonListText failures_, images_;
};

class TableReport final : public ReportWriter {
 public:
  explicit TableReport(const TableStyle& style) : style_(style) {}
  std::string failure(const FailedImage& failure) override { return style_.failures ? "FAILED  " + failure_text(failure) + "\n" : ""; }
  std::string image(const ImageReport& image) override {
    index_.add(image);
    const char* bold = style_.color ? "\x1b[1m" : "";
    const char* plain = style_.color ? "\x1b[0m" : "";
    return bold + image.facts.reference + plain + "  " + image.facts.digest.str().substr(0, 19) + "  " + image.facts.platform + "\n" +
           findings_text(image, style_) + diagnostics_list(image) + summary_line(image) + "\n\n";
  }
  std::string end() override { return index_.text(style_); }

 private:
  TableStyle style_;
  ImageIndex index_;
};

class ExportReport final : public ReportWriter {
 public:
  explicit ExportReport(std::unique_ptr<exports::DocumentWriter> writer) : writer_(std::move(writer)) {}
  std::string failure(const FailedImage& failure) override { return writer_->fail({failure.reference, failure.error.message()}); }
  std::string image(const ImageReport& image) override { return writer_->add(image); }
  std::string end() override { return writer_->finish(); }

 private:
  std::unique_ptr<exports::DocumentWriter> writer_;
};

}  // namespace

const std::vector<std::string>& report_formats() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names{"table", "json"};
    for (std::string& name : exports::format_names()) names.push_back(std::move(name));
    return names;
  }();
  return kNames;
}

std::unique_ptr<ReportWriter> make_report_writer(const std::string& format, const std::string& cyclonedx_version, const std::string& epoch,
                                                 const TableStyle& style) {
  if (const auto exported = exports::format_from(format)) {
    const exports::Options options{LANDWAITER_VERSION, exports::timestamp_from_epoch(epoch)};
    const auto version = exports::cyclonedx_version_from(cyclonedx_version).value_or(exports::CycloneDxVersion::v1_6);
    return std::make_unique<ExportReport>(exports::make_writer(*exported, version, options));
  }
  if (format == "table") return std::make_unique<TableReport>(style);
  return std::make_unique<JsonReport>();
}

std::string failure_text(const FailedImage& failure) {
  // Many errors begin with the name themselves.
  const std::string& message = failure.error.message();
  if (message.starts_with(failure.reference + ":")) return message;
  std::string known = "registry " + failure.reference + ": ";
  if (const std::size_t slash = known.find('/'); slash != std::string::npos) known.replace(slash, 1, ", image ");
  return failure.reference + ": " + (message.starts_with(known) ? message.substr(known.size()) : message);
}

Result<void> write_output(const std::string& file, const std::string& text) {
  auto out = OutputFile::open(file);
  if (!out) return out.error();
  auto written = out->write(text);
  return written ? out->finish() : written;
}

}  // namespace landwaiter::daemon
