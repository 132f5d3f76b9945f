// SPDX-License-Identifier: Apache-2.0
#include "core/assess/assess.hpp"
#include "core/assess/decisions.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/export/export.hpp"
#include "core/report/assets/certificate.hpp"
#include "core/report/assets/common.hpp"
#include "core/report/assets/key.hpp"
#include "daemon/output/table.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>

namespace landwaiter::daemon {
namespace {

using nlohmann::json;

constexpr std::size_t kOccurrencesShown = 5;
constexpr std::size_t kIssuesShown = 3;
constexpr std::size_t kSeverityWidth = 8;
constexpr std::size_t kGap = 2;

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

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

/// The three columns after the severity share the rest of the width.
struct Widths {
  explicit Widths(std::size_t total) {
    const std::size_t rest = total - std::min(total, kSeverityWidth + 3 * kGap);
    what = std::max<std::size_t>(rest * 27 / 100, 12);
    why = std::max<std::size_t>(rest * 38 / 100, 16);
    where = std::max<std::size_t>(rest - std::min(rest, what + why), 16);
  }
  std::size_t what, why, where;
};

/// One row: a finding, or several that lie in the same file and ask for the same.
using Row = std::vector<const Finding*>;

/// What findings of one row have in common.
std::string row_key(const Finding& finding) {
  json places = json::array();
  for (const Occurrence& place : finding.occurrences) {
    json key{to_string(place.where), place.path, place.archive, place.layer.str(), place.deleted_by ? place.deleted_by->str() : ""};
    if (places.empty() || places.back() != key) places.push_back(std::move(key));
  }
  json codes = json::array();
  for (const Issue& issue : issues_of(finding)) codes.push_back({issue.code, issue.accepted.has_value()});
  return dump_json({to_string(finding.severity), to_string(finding.type), is_accepted(finding), std::move(codes), std::move(places)});
}

/// In the order of the first of each.
std::vector<Row> rows_of(const std::vector<const Finding*>& findings, bool fold) {
  std::vector<Row> rows;
  std::map<std::string, std::size_t> known;
  for (const Finding* finding : findings) {
    const auto [at, fresh] = known.try_emplace(fold ? row_key(*finding) : std::to_string(rows.size()), rows.size());
    if (fresh) rows.emplace_back();
    rows[at->second].push_back(finding);
  }
  return rows;
}

void append(std::vector<std::string>& lines, std::string_view text, std::size_t width) {
  for (std::string& line : wrap(text, width)) lines.push_back(std::move(line));
}

/// "layer 3 4bf5122f3440: COPY tls /etc/nginx/ssl"
std::string layer_text(const ImageReport& image, const Digest& layer) {
  const std::string digest(layer.hex().substr(0, 12));
  const std::size_t number = image.facts.layer_number(layer);
  return number == 0 ? "layer " + digest : "layer " + std::to_string(number) + " " + digest;
}

std::string wrapped(std::string_view text, std::size_t width) {
  std::string out;
  for (const std::string& line : wrap(text, width)) out += line + "\n";
  return out;
}

/// ":12", or " (3 times, lines 12, 14 and 20)".
std::string times_text(std::size_t times, const std::set<std::uint64_t>& lines) {
  constexpr std::size_t kLinesShown = 6;
  if (times == 1) return lines.empty() ? "" : ":" + std::to_string(*lines.begin());
  std::string out = " (" + std::to_string(times) + " times";
  std::size_t shown = 0;
  for (const std::uint64_t line : lines) {
    if (shown++ == kLinesShown) return out + ", ...)";
    out += (shown == 1 ? (lines.size() == 1 ? ", line " : ", lines ") : ", ") + std::to_string(line);
  }
  return out + ")";
}

/// One file; `times` if the assets are there more than once.
void append_place(std::vector<std::string>& lines, const ImageReport& image, const Occurrence& place, const std::string& times,
                  std::size_t width) {
  constexpr std::size_t kInstructionShown = 80;
  append(lines, place_text(place) + times, width);
  if (place.where != Where::file) return append(lines, "  of the image itself, in no layer", width);
  const std::string made_by = image.facts.instruction_of(place.layer);
  append(lines, "  " + layer_text(image, place.layer) + (made_by.empty() ? "" : ": " + shortened(made_by, kInstructionShown)), width);
  if (place.deleted_by) append(lines, "  deleted by " + layer_text(image, *place.deleted_by), width);
}

std::vector<std::string> where_lines(const ImageReport& image, const Row& row, std::size_t width) {
  // Places in one file are adjacent, because occurrences are sorted.
  const auto same_file = [](const Occurrence& a, const Occurrence& b) {
    return a.where == b.where && a.path == b.path && a.archive == b.archive && a.layer == b.layer;
  };
  const std::vector<Occurrence>& places = row.front()->occurrences;
  std::vector<std::string> lines;
  std::size_t shown = 0, left = 0;
  for (auto place = places.begin(); place != places.end();) {
    const auto end = std::find_if_not(place, places.end(), [&](const Occurrence& other) { return same_file(*place, other); });
    if (shown++ < kOccurrencesShown) {
      std::size_t times = 0;
      std::set<std::uint64_t> at_lines;
      for (const Finding* finding : row) {
        for (const Occurrence& each : finding->occurrences) {
          if (!same_file(each, *place)) continue;
          ++times;
          if (each.line) at_lines.insert(*each.line);
        }
      }
      append_place(lines, image, *place, row.size() > 1 && at_lines.empty() ? "" : times_text(times, at_lines), width);
    } else {
      ++left;
    }
    place = end;
  }
  if (left > 0) append(lines, "... and " + counted(left, "more place", "more places"), width);
  return lines;
}

/// What is wrong with a program's settings: each reason, and the line to write behind those that it fixes.
void append_settings(std::vector<std::string>& lines, const std::vector<Issue>& issues, std::size_t width) {
  std::vector<std::string> remedies;
  for (const Issue& issue : issues) {
    if (!issue.accepted && std::ranges::find(remedies, issue.remedy) == remedies.end()) remedies.push_back(issue.remedy);
  }
  for (const std::string& remedy : remedies) {
    for (const Issue& issue : issues) {
      if (!issue.accepted && issue.remedy == remedy) append(lines, issue.reason, width);
    }
    if (!remedy.empty()) append(lines, "-> " + remedy, width);
  }
}

/// The worst reasons, and the remedy for the worst.
void append_worst(std::vector<std::string>& lines, const std::vector<Issue>& issues, std::size_t width) {
  const Issue* worst = nullptr;
  std::size_t shown = 0;
  for (const Issue& issue : issues) {
    if (issue.accepted || (shown > 0 && issue.severity == Severity::info)) continue;
    if (worst == nullptr) worst = &issue;
    if (shown++ < kIssuesShown) append(lines, issue.reason, width);
  }
  if (worst != nullptr && !worst->remedy.empty()) append(lines, "-> " + worst->remedy, width);
}

/// Reasons and remedies, and what was accepted of them.
std::vector<std::string> why_lines(const Row& row, std::size_t width) {
  const std::vector<Issue> issues = issues_of(*row.front());
  std::vector<std::string> lines;
  if (std::ranges::any_of(row, [&](const Finding* finding) { return issues_of(*finding) != issues; }))
    append(lines, "(The first of them; the others alike.)", width);
  if (row.front()->type == FindingType::crypto_configuration) append_settings(lines, issues, width);
  else append_worst(lines, issues, width);
  std::set<std::string> accepted;
  for (const Issue& issue : issues) {
    if (issue.accepted) accepted.insert("Accepted: " + issue.accepted->reason + " (" + issue.accepted->by + ")");
  }
  for (const std::string& line : accepted) append(lines, line, width);
  if (lines.empty()) lines.emplace_back();
  return lines;
}

/// "private-key" for people, singular and plural.
std::string counted_type(FindingType type, std::size_t count) {
  switch (type) {
    case FindingType::crl: return counted(count, "revocation list", "revocation lists");
    case FindingType::ocsp_response: return counted(count, "OCSP response", "OCSP responses");
    case FindingType::signed_data: return counted(count, "signature", "signatures");
    case FindingType::crypto_library: return counted(count, "cryptographic library", "cryptographic libraries");
    case FindingType::crypto_configuration: return counted(count, "cryptographic configuration", "cryptographic configurations");
    default: break;
  }
  std::string name(to_string(type));
  std::ranges::replace(name, '-', ' ');
  return counted(count, name, name + "s");
}

std::string title_of(const Finding& finding) { return finding.title.empty() ? finding.id : finding.title; }

/// The title, or "14 public keys, DSA 1024", or "3 certificates:" and their titles.
std::vector<std::string> what_lines(const Row& row, std::size_t width) {
  constexpr std::size_t kTitlesShown = 3;
  std::vector<std::string> lines;
  if (row.size() == 1) {
    append(lines, title_of(*row.front()), width);
    return lines;
  }
  const std::string count = counted_type(row.front()->type, row.size());
  const assets::KeyKind kind = assets::key_kind_of(*row.front());
  const auto same_kind = [&](const Finding* finding) {
    const assets::KeyKind other = assets::key_kind_of(*finding);
    return other.type == kind.type && other.size_bits == kind.size_bits;
  };
  if (!kind.type.empty() && kind.size_bits > 0 && row.size() > kTitlesShown && std::ranges::all_of(row, same_kind)) {
    append(lines, count + ", " + kind.type + " " + std::to_string(kind.size_bits), width);
    return lines;
  }
  append(lines, count + ":", width);
  for (std::size_t i = 0; i < std::min(row.size(), kTitlesShown); ++i) append(lines, "- " + title_of(*row[i]), width);
  if (row.size() > kTitlesShown) append(lines, "... and " + std::to_string(row.size() - kTitlesShown) + " more (--all lists them)", width);
  return lines;
}

std::string severity_text(Severity severity, bool color) {
  const std::string text = padded(upper(to_string(severity)), kSeverityWidth);
  return color ? severity_color(severity) + text + "\x1b[0m" : text;
}

std::string row_text(const ImageReport& image, const Row& row, const Widths& widths, bool color) {
  const std::vector<std::string> what = what_lines(row, widths.what);
  const std::vector<std::string> why = why_lines(row, widths.why);
  const std::vector<std::string> where = where_lines(image, row, widths.where);
  const auto line_of = [](const std::vector<std::string>& lines, std::size_t i) { return i < lines.size() ? lines[i] : std::string(); };
  std::string out;
  for (std::size_t i = 0; i < std::max({what.size(), why.size(), where.size()}); ++i) {
    std::string line = i == 0 ? severity_text(row.front()->severity, color) : std::string(kSeverityWidth, ' ');
    line += "  " + padded(line_of(what, i), widths.what) + "  " + padded(line_of(why, i), widths.why) + "  " + line_of(where, i);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

/// Where columns would be too narrow to be read: one below the other.
std::string block_text(const ImageReport& image, const Row& row, std::size_t width, bool color) {
  const std::size_t inner = width - std::min(width, kGap);
  const std::string severity = upper(to_string(row.front()->severity));
  std::string out = "\n" + (color ? severity_color(row.front()->severity) + severity + "\x1b[0m" : severity) + "\n";
  for (const auto& lines : {what_lines(row, inner), why_lines(row, inner), where_lines(image, row, inner)}) {
    for (const std::string& line : lines) {
      if (!line.empty()) out += "  " + line + "\n";
    }
  }
  return out;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(0, slash + 1) + "...";
}

/// A published self-test key without a worse issue.
bool is_published(const Finding& finding) {
  return finding.type == FindingType::private_key && finding.severity <= Severity::low && !assets::publisher_of(finding).empty();
}

/// "26 published test keys (protect nothing) (8 of openssl speed, 18 of mbed TLS test suite)"
std::string published_text(const std::vector<const Finding*>& keys) {
  std::map<std::string, std::size_t> publishers;
  for (const Finding* key : keys) ++publishers[assets::publisher_of(*key)];
  std::string names;
  for (const auto& [publisher, count] : publishers) names += (names.empty() ? "" : ", ") + std::to_string(count) + " of " + publisher;
  return counted(keys.size(), "published test key (protects nothing)", "published test keys (protect nothing)") + " (" + names + ")";
}

/// "142 public root certificates in 3 places (etc/ssl/certs/...)"
std::string roots_text(const std::vector<const Finding*>& roots) {
  std::map<std::string, std::size_t> places;
  for (const Finding* root : roots) {
    std::set<std::string> folders;
    for (const Occurrence& occurrence : root->occurrences) folders.insert(folder_of(place_text(occurrence)));
    for (const std::string& folder : folders) ++places[folder];
  }
  std::string most;
  std::size_t count = 0;
  for (const auto& [folder, many] : places) {
    if (many > count) most = folder;
    count = std::max(count, many);
  }
  return counted(roots.size(), "public root certificate", "public root certificates") + " in " + counted(places.size(), "place", "places") +
         " (" + most + ")";
}

std::string quiet_text(const std::vector<const Finding*>& quiet, std::size_t width) {
  std::vector<const Finding*> roots, published;
  std::size_t accepted = 0;
  std::map<FindingType, std::size_t> counts;
  for (const Finding* finding : quiet) {
    if (is_accepted(*finding)) ++accepted;
    else if (assets::is_public_root(*finding)) roots.push_back(finding);
    else if (is_published(*finding)) published.push_back(finding);
    else ++counts[finding->type];
  }
  std::string out = wrapped("No action needed (--all lists them):", width);
  std::vector<std::string> lines;
  if (!roots.empty()) append(lines, roots_text(roots), width - kGap);
  if (!published.empty()) append(lines, published_text(published), width - kGap);
  if (accepted > 0) append(lines, counted(accepted, "accepted finding", "accepted findings"), width - kGap);
  std::string line;
  for (const auto& [type, count] : counts) line += (line.empty() ? "" : ", ") + counted_type(type, count);
  if (!line.empty()) append(lines, line, width - kGap);
  for (const std::string& each : lines) out += "  " + each + "\n";
  return out;
}

std::string headline(const ImageReport& image) {
  if (image.findings.empty()) return "no findings";
  std::array<std::size_t, 5> counts{};
  std::size_t accepted = 0;
  for (const Finding& finding : image.findings) ++(is_accepted(finding) ? accepted : counts[static_cast<std::size_t>(finding.severity)]);
  std::string out = std::to_string(image.findings.size()) + (image.findings.size() == 1 ? " finding: " : " findings: ");
  std::string separator;
  for (const Severity severity : {Severity::critical, Severity::high, Severity::medium, Severity::low, Severity::info}) {
    const std::size_t count = counts[static_cast<std::size_t>(severity)];
    if (count == 0) continue;
    out += separator + std::to_string(count) + " " + std::string(to_string(severity));
    separator = ", ";
  }
  if (accepted > 0) out += separator + std::to_string(accepted) + " accepted";
  return out;
}

}  // namespace

std::string findings_text(const ImageReport& image, const TableStyle& style) {
  std::vector<const Finding*> loud, quiet;
  std::size_t milder = 0;
  for (const Finding& finding : image.findings) {
    if (finding.severity < style.least) {
      ++milder;
      continue;
    }
    const bool is_loud = style.all || (finding.severity > Severity::info && !is_published(finding) && !is_accepted(finding));
    (is_loud ? loud : quiet).push_back(&finding);
  }
  std::string out = wrapped(headline(image), style.width);
  if (!loud.empty()) {
    const Widths widths(style.width);
    const bool columns = style.width >= TableStyle::kColumnsMin;
    if (columns) out += "\nSEVERITY  " + padded("WHAT", widths.what) + "  " + padded("WHY, AND WHAT TO DO", widths.why) + "  WHERE\n";
    for (const Row& row : rows_of(loud, !style.all))
      out += columns ? row_text(image, row, widths, style.color) : block_text(image, row, style.width, style.color);
  }
  if (!quiet.empty()) out += (loud.empty() ? "" : "\n") + quiet_text(quiet, style.width);
  if (milder > 0) {
    if (!loud.empty() || !quiet.empty()) out += "\n";
    out += wrapped("Not shown: " + counted(milder, "finding that is", "findings that are") + " milder than " +
                       std::string(to_string(style.least)) + " (--severity)",
                   style.width);
  }
  return out;
}

}  // namespace landwaiter::daemon
