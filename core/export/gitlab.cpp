// SPDX-License-Identifier: Apache-2.0
#include "core/export/gitlab.hpp"

#include "core/assess/assess.hpp"
#include "core/base/json_list_text.hpp"
#include "core/report/coverage.hpp"

#include <algorithm>
#include <set>

namespace landwaiter::exports {
namespace {

using nlohmann::json;

const char* severity_of(Severity severity) {
  switch (severity) {
    case Severity::critical: return "blocker";
    case Severity::high: return "critical";
    case Severity::medium: return "major";
    case Severity::low: return "minor";
    case Severity::info: return "info";
  }
  return "info";
}

/// `identity` says what the entry is about, whatever else changes: entries of two runs with equal ones are one.
json entry(std::string_view check, const char* severity, const std::string& text, const std::string& path, const std::string& identity,
           std::uint64_t line = 1) {
  return {{"check_name", check},
          {"description", text},
          {"severity", severity},
          {"fingerprint", std::string(Digest::sha256_of(as_bytes(std::string(check) + "\n" + identity)).hex())},
          {"location", {{"path", path}, {"lines", {{"begin", line}}}}}};
}

/// Paths are of a repository's files for GitLab, so that an image stands before its own.
std::string path_in(const ImageReport& image, const std::string& place) {
  return image.facts.reference + (place.empty() ? "" : "/" + place);
}

/// GitLab wants one, also of what is no text.
std::uint64_t line_of(const Finding& finding) {
  if (finding.occurrences.empty()) return 1;
  const Occurrence& place = finding.occurrences.front();
  return place.archive.empty() ? std::max<std::uint64_t>(1, place.line.value_or(1)) : 1;
}

json entry_of(const ImageReport& image, const Finding& finding, const Issue& issue) {
  const std::string place = finding.occurrences.empty() ? std::string() : place_text(finding.occurrences.front());
  std::string text = finding.title + ": " + issue.reason + " " + issue.remedy + " In " + image_name(image);
  if (finding.occurrences.size() > 1) text += ", at " + std::to_string(finding.occurrences.size()) + " places";
  const std::string identity = image_name(image) + "\n" + std::string(to_string(finding.type)) + "\n" + finding.id;
  return entry(issue.code, severity_of(issue.severity), text + ".", path_in(image, place), identity, line_of(finding));
}

json entry_of(const ImageReport& image, const Diagnostic& diagnostic) {
  const bool incomplete = diagnostic.effect == Effect::incomplete;
  const std::string place = place_text(diagnostic.path, diagnostic.archive);
  const std::string identity = image_name(image) + "\n" + place + "\n" + diagnostic.layer.str() + "\n" + diagnostic.message;
  return entry(to_string(diagnostic.effect), severity_of(incomplete ? Severity::high : Severity::info),
               diagnostic.message + ", in " + image_name(image) + ".", path_in(image, place), identity);
}

class GitLabWriter final : public DocumentWriter {
 public:
  std::string add(const ImageReport& image) override {
    std::string out;
    std::vector<Finding> findings = image.findings;
    normalize(findings);
    sort_for_people(findings);
    for (const Finding& finding : findings) {
      if (acceptance_in(finding.attributes)) continue;
      std::set<std::string> seen;
      for (const Issue& issue : issues_of(finding)) {
        // Two reasons for one code are one entry: fingerprints must differ.
        if (issue.severity < Severity::low || issue.accepted || !seen.insert(issue.code).second) continue;
        out += list_.add(entry_of(image, finding, issue));
      }
    }
    for (const Diagnostic& diagnostic : not_searched(image.diagnostics)) out += list_.add(entry_of(image, diagnostic));
    return out;
  }
  std::string fail(const Failure& failure) override {
    return list_.add(entry("not-read", severity_of(Severity::critical), failure.reference + " could not be read: " + failure.reason,
                           failure.reference, failure.reference));
  }
  std::string finish() override { return list_.end() + "\n"; }

 private:
  JsonListText list_;
};

}  // namespace

std::unique_ptr<DocumentWriter> gitlab_writer() { return std::make_unique<GitLabWriter>(); }

}  // namespace landwaiter::exports
