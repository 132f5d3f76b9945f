// SPDX-License-Identifier: Apache-2.0
#include "core/export/csv.hpp"

#include "core/assess/assess.hpp"

#include <algorithm>

namespace landwaiter::exports {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// Spreadsheets run what begins with one of these (OWASP, "CSV Injection").
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

/// From 1, of a layer that comes twice the upper one, as everywhere; empty when the image has it not.
std::string layer_number(const ImageReport& image, const Digest& layer) {
  for (std::size_t i = image.facts.layers.size(); i > 0; --i) {
    if (image.facts.layers[i - 1] == layer) return std::to_string(i);
  }
  return {};
}

std::string rows_of(const ImageReport& image, const Finding& finding) {
  const std::vector<Issue> issues = issues_of(finding);
  std::string out;
  for (const Occurrence& place : finding.occurrences) {
    std::string entry;
    for (const std::string& name : place.archive) entry += (entry.empty() ? "" : " > ") + name;
    out +=
        row({image.facts.reference, image.facts.digest.str(), image.facts.platform, std::string(to_string(finding.severity)),
             std::string(to_string(finding.type)), finding.title, finding.id, joined(issues, &Issue::code), joined(issues, &Issue::reason),
             issues.empty() ? "" : issues.front().remedy, place.path, entry, std::to_string(place.offset), place.layer.str(),
             layer_number(image, place.layer), place.deleted_by ? place.deleted_by->str() : "", finding.detector});
  }
  return out;
}

}  // namespace

std::string csv(std::span<const ImageReport> images) {
  std::string out = row({"image", "digest", "platform", "severity", "type", "title", "id", "issues", "reasons", "remedy", "path", "entry",
                         "offset", "layer", "layer_number", "deleted_by", "detector"});
  for (const ImageReport* image : in_order(images)) {
    std::vector<Finding> findings = image->findings;
    normalize(findings);
    sort_for_people(findings);
    for (const Finding& finding : findings) out += rows_of(*image, finding);
  }
  return out;
}

}  // namespace landwaiter::exports
