// SPDX-License-Identifier: Apache-2.0
#include "core/export/csv.hpp"

#include "core/assess/assess.hpp"
#include "core/report/coverage.hpp"

#include <algorithm>
#include <utility>

namespace landwaiter::exports {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// Spreadsheets execute fields that start with one of these (OWASP, "CSV Injection").
constexpr std::string_view kFormulaStarts = "=+-@\t\r";

std::string field(std::string text) {
  if (!text.empty() && kFormulaStarts.find(text[0]) != std::string_view::npos) text.insert(0, 1, '\'');
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string row(std::vector<std::string> fields) {
  std::string out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out += ',';
    out += field(std::move(fields[i]));
  }
  out += kLineEnd;
  return out;
}

std::string joined(const std::vector<Issue>& issues, std::string Issue::*member) {
  std::string out;
  for (const Issue& issue : issues) out += (out.empty() ? "" : "; ") + issue.*member;
  return out;
}

/// Empty if the image does not have it.
std::string layer_number(const ImageReport& image, const Digest& layer) {
  const std::size_t number = image.facts.layer_number(layer);
  return number == 0 ? std::string() : std::to_string(number);
}

/// Why the finding as a whole, or those of its issues that are, is accepted.
std::string accepted_text(const Finding& finding, const std::vector<Issue>& issues) {
  if (const auto whole = acceptance_in(finding.attributes)) return whole->reason + " (" + whole->by + ")";
  std::string out;
  for (const Issue& issue : issues) {
    if (issue.accepted) out += (out.empty() ? "" : "; ") + issue.code + ": " + issue.accepted->reason + " (" + issue.accepted->by + ")";
  }
  return out;
}

constexpr std::size_t kColumns = 20;

std::string header() {
  return row({"image",        "digest",     "platform", "severity", "type",  "title",           "id",
              "issues",       "reasons",    "remedy",   "path",     "entry", "offset",          "layer",
              "layer_number", "deleted_by", "detector", "accepted", "line",  "layer_created_by"});
}

std::string row_of(const ImageReport& image, const Finding& finding, const std::vector<Issue>& issues, const Occurrence& place) {
  const std::string path = place.where == Where::file ? place.path : place_text(place);
  std::string entry;
  for (const std::string& name : place.archive) entry += (entry.empty() ? "" : " > ") + name;
  return row({image.facts.reference,
              image.facts.digest.str(),
              image.facts.platform,
              std::string(to_string(finding.severity)),
              std::string(to_string(finding.type)),
              finding.title,
              finding.id,
              joined(issues, &Issue::code),
              joined(issues, &Issue::reason),
              issues.empty() ? "" : issues.front().remedy,
              path,
              entry,
              std::to_string(place.offset),
              place.layer.str(),
              layer_number(image, place.layer),
              place.deleted_by ? place.deleted_by->str() : "",
              finding.detector,
              accepted_text(finding, issues),
              place.line ? std::to_string(*place.line) : "",
              image.facts.instruction_of(place.layer)});
}

/// What was not searched, as a row with the coverage in the place of a type: whoever reads only the rows must see it.
std::string row_of(const ImageReport& image, const Diagnostic& diagnostic) {
  std::string entry;
  for (const std::string& name : diagnostic.archive) entry += (entry.empty() ? "" : " > ") + name;
  return row({image.facts.reference,
              image.facts.digest.str(),
              image.facts.platform,
              "",
              std::string(to_string(diagnostic.effect)),
              diagnostic.message,
              "",
              std::string(to_string(diagnostic.code)),
              "",
              "",
              diagnostic.path,
              entry,
              "",
              diagnostic.layer.str(),
              layer_number(image, diagnostic.layer),
              "",
              "",
              "",
              "",
              image.facts.instruction_of(diagnostic.layer)});
}

void put_in_order(std::vector<Finding>& findings) {
  normalize(findings);
  sort_for_people(findings);
}

class CsvWriter final : public DocumentWriter {
 public:
  std::string add(const ImageReport& image) override {
    std::string out = std::exchange(header_, "");
    std::vector<Finding> findings = image.findings;
    put_in_order(findings);
    for (const Finding& finding : findings) {
      const std::vector<Issue> issues = issues_of(finding);
      for (const Occurrence& place : finding.occurrences) out += row_of(image, finding, issues, place);
    }
    for (const Diagnostic& diagnostic : not_searched(image.diagnostics)) out += row_of(image, diagnostic);
    return out;
  }
  std::string fail(const Failure& failure) override {
    std::vector<std::string> fields(kColumns);
    fields[0] = failure.reference;
    fields[4] = "failed";
    fields[5] = failure.reason;
    return std::exchange(header_, "") + row(std::move(fields));
  }
  std::string finish() override { return std::exchange(header_, ""); }

 private:
  std::string header_ = header();
};

}  // namespace

std::unique_ptr<DocumentWriter> csv_writer() { return std::make_unique<CsvWriter>(); }

std::string csv(std::span<const ImageReport> images) { return whole(*csv_writer(), images); }

CsvStream::CsvStream(std::vector<ImageReport> images) : images_(std::move(images)), ordered_(in_order(images_)) {
  for (ImageReport& image : images_) {
    put_in_order(image.findings);
    image.diagnostics = not_searched(image.diagnostics);
  }
}

std::string CsvStream::next(std::size_t bytes) {
  std::string out;
  if (!begun_) out = header();
  begun_ = true;
  while (out.size() < bytes && image_ < ordered_.size()) append_row(out);
  return out;
}

/// The row of the current place, if there is one, and on to the next.
void CsvStream::append_row(std::string& out) {
  const ImageReport& image = *ordered_[image_];
  if (finding_ == image.findings.size()) {
    if (diagnostic_ < image.diagnostics.size()) {
      out += row_of(image, image.diagnostics[diagnostic_++]);
      return;
    }
    ++image_;
    finding_ = diagnostic_ = 0;
    return;
  }
  const Finding& finding = image.findings[finding_];
  if (place_ == finding.occurrences.size()) {
    ++finding_;
    place_ = 0;
    return;
  }
  if (place_ == 0) issues_ = issues_of(finding);
  out += row_of(image, finding, issues_, finding.occurrences[place_++]);
}

}  // namespace landwaiter::exports
