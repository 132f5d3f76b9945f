// SPDX-License-Identifier: Apache-2.0
#include "daemon/output.hpp"

#include "core/json.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <sstream>

namespace landwaiter::daemon {
namespace {

using nlohmann::json;

constexpr std::size_t kTitleWidthMax = 60;
constexpr std::size_t kOccurrencesShown = 5;
constexpr std::size_t kDiagnosticsShown = 20;

/// Columns of a terminal that a UTF-8 text takes, counting each code point as one.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string shorten(const std::string& text, std::size_t width) {
  if (width_of(text) <= width) return text;
  std::size_t columns = 0;
  std::size_t end = 0;
  while (end < text.size() && columns < width - 1) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    ++columns;
  }
  return text.substr(0, end) + "…";
}

std::string short_digest(const Digest& digest) { return std::string(digest.hex().substr(0, 12)); }

std::string where_text(const Occurrence& occurrence) {
  std::string text = occurrence.path;
  for (const std::string& entry : occurrence.archive) text += " > " + entry;
  if (occurrence.deleted_by) text += " (deleted by " + short_digest(*occurrence.deleted_by) + ")";
  return text;
}

const char* severity_color(Severity severity) {
  switch (severity) {
    case Severity::critical: return "\x1b[1;31m";
    case Severity::high: return "\x1b[31m";
    case Severity::medium: return "\x1b[33m";
    case Severity::low: return "\x1b[36m";
    case Severity::info: return "\x1b[2m";
  }
  return "";
}

/// Severity stands first in its line, so colouring whole lines by their first word keeps the table's measure.
std::string colored(const std::string& table) {
  std::istringstream lines(table);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const std::string word = to_lower(line.substr(0, line.find(' ')));
    const auto severity = severity_from(word);
    out += severity ? severity_color(*severity) + line + "\x1b[0m\n" : line + "\n";
  }
  return out;
}

std::string findings_table(const ImageReport& image, bool color) {
  Table table({"SEVERITY", "TYPE", "WHAT", "LAYER", "WHERE"});
  for (const Finding& finding : image.findings) {
    std::string severity(to_string(finding.severity));
    std::ranges::transform(severity, severity.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    std::vector<std::string> row{severity, std::string(to_string(finding.type)), shorten(finding.title, kTitleWidthMax)};
    for (std::size_t i = 0; i < std::min(finding.occurrences.size(), kOccurrencesShown); ++i) {
      row.push_back(short_digest(finding.occurrences[i].layer));
      row.push_back(where_text(finding.occurrences[i]));
      table.add(std::move(row));
      row = {"", "", ""};
    }
    if (finding.occurrences.size() > kOccurrencesShown) {
      table.add({"", "", "", "", "... and " + std::to_string(finding.occurrences.size() - kOccurrencesShown) + " more places"});
    }
  }
  if (table.empty()) return "  no findings\n";
  return color ? colored(table.render()) : table.render();
}

std::string diagnostics_list(const ImageReport& image) {
  std::string out;
  for (std::size_t i = 0; i < std::min(image.diagnostics.size(), kDiagnosticsShown); ++i) {
    const Diagnostic& diagnostic = image.diagnostics[i];
    out += "  ! " + std::string(to_string(diagnostic.code)) + ": ";
    if (!diagnostic.path.empty()) {
      Occurrence place;
      place.path = diagnostic.path;
      place.archive = diagnostic.archive;
      out += where_text(place) + ": ";
    }
    out += diagnostic.message + "\n";
  }
  if (image.diagnostics.size() > kDiagnosticsShown) {
    out += "  ! ... and " + std::to_string(image.diagnostics.size() - kDiagnosticsShown) + " more; see --format json\n";
  }
  return out;
}

std::string summary_line(const ImageReport& image) {
  std::array<std::size_t, 5> counts{};
  for (const Finding& finding : image.findings) ++counts[static_cast<std::size_t>(finding.severity)];
  std::ostringstream line;
  line << image.findings.size() << " findings";
  std::string separator = " (";
  for (const Severity severity : {Severity::critical, Severity::high, Severity::medium, Severity::low, Severity::info}) {
    const std::size_t count = counts[static_cast<std::size_t>(severity)];
    if (count == 0) continue;
    line << separator << count << ' ' << to_string(severity);
    separator = ", ";
  }
  if (!image.findings.empty()) line << ')';
  line << "; " << image.facts.layers.size() << " layers (" << image.layers_fetched << " read, " << image.layers_reused << " known), "
       << image.stats.files << " files, " << human_bytes(image.stats.expanded_bytes);
  if (image.stats.archives > 0) line << ", " << image.stats.archives << " archives with " << image.stats.nested_files << " files";
  return line.str();
}

}  // namespace

std::string render_json(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures) {
  json failed = json::array();
  for (const FailedImage& failure : failures) {
    failed.push_back({{"reference", failure.reference}, {"code", to_string(failure.error.code())}, {"message", failure.error.message()}});
  }
  return dump_json_pretty({{"images", images}, {"failures", std::move(failed)}}) + "\n";
}

std::string render_tables(const std::vector<ImageReport>& images, const std::vector<FailedImage>& failures, bool color) {
  std::string out;
  for (const ImageReport& image : images) {
    const char* bold = color ? "\x1b[1m" : "";
    const char* plain = color ? "\x1b[0m" : "";
    out += bold + image.facts.reference + plain + "  " + image.facts.digest.str().substr(0, 19) + "  " + image.facts.platform + "\n";
    out += findings_table(image, color) + diagnostics_list(image) + summary_line(image) + "\n\n";
  }
  for (const FailedImage& failure : failures) out += "FAILED  " + failure.reference + ": " + failure.error.message() + "\n";
  return out;
}

Result<void> write_output(const std::string& file, const std::string& text) {
  if (file.empty()) {
    std::cout << text << std::flush;
    return {};
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return Error(ErrorCode::io, file + ": cannot be written");
  return {};
}

Result<FailRule> FailRule::parse(std::string_view text) {
  FailRule rule;
  const std::size_t colon = text.find(':');
  const std::string_view first = text.substr(0, colon);
  rule.type = finding_type_from(first);
  const auto alone = severity_from(first);
  if (!rule.type && colon == std::string_view::npos && alone) {
    rule.severity = *alone;
    return rule;
  }
  const auto second = colon == std::string_view::npos ? std::optional(Severity::info) : severity_from(text.substr(colon + 1));
  if (!rule.type || !second) {
    return Error(ErrorCode::invalid_argument, "--fail-on " + quoted(text) +
                                                  " is no rule: use a severity (info, low, medium, high, critical), a type "
                                                  "(private-key, certificate, ...), or TYPE:SEVERITY");
  }
  rule.severity = *second;
  return rule;
}

bool FailRule::met_by(const Finding& finding) const {
  return (!type || *type == finding.type) && finding.severity >= severity;
}

std::string Table::render() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace landwaiter::daemon
