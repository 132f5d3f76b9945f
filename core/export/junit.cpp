// SPDX-License-Identifier: Apache-2.0
#include "core/export/junit.hpp"

#include "core/assess/assess.hpp"
#include "core/report/coverage.hpp"

#include <utility>

namespace landwaiter::exports {
namespace {

/// Places per test; a thousand copies of one root certificate add no information.
constexpr std::size_t kPlacesMax = 20;
/// U+FFFE and U+FFFF, which XML cannot hold, and what stands for them.
constexpr std::string_view kNoCharacters[] = {"\xEF\xBF\xBE", "\xEF\xBF\xBF"};
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Of what XML 1.0 can hold; texts of reports have no control characters but may be from elsewhere.
std::string xml(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const std::string_view three = text.substr(i, 3);
    if (three == kNoCharacters[0] || three == kNoCharacters[1]) {
      out += kReplacement;
      i += 2;
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += c == '\n' || c == '\t' ? "&#" + std::to_string(static_cast<int>(c)) + ";" : std::string(kReplacement);
    } else {
      out += c;
    }
  }
  return out;
}

std::string xml_attribute(const char* name, std::string_view value) { return std::string(" ") + name + "=\"" + xml(value) + "\""; }

/// The test cases of one image, with what a suite counts.
struct Suite {
  std::string cases{};
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;

  /// `outcome` is what the test case holds; empty if it passes.
  void add(const std::string& class_name, const std::string& name, const std::string& outcome) {
    ++tests;
    cases += "    <testcase" + xml_attribute("classname", class_name) + xml_attribute("name", name);
    cases += outcome.empty() ? "/>\n" : ">\n      " + outcome + "\n    </testcase>\n";
  }

  std::string text(const std::string& name) const {
    return "  <testsuite" + xml_attribute("name", name) + xml_attribute("tests", std::to_string(tests)) +
           xml_attribute("failures", std::to_string(failures)) + xml_attribute("errors", std::to_string(errors)) +
           xml_attribute("skipped", std::to_string(skipped)) + ">\n" + cases + "  </testsuite>\n";
  }
};

std::string outcome(const char* element, std::string_view message, std::string_view type, std::string_view text) {
  return std::string("<") + element + xml_attribute("message", message) + xml_attribute("type", type) + ">" + xml(text) + "</" + element +
         ">";
}

std::string places_of(const Finding& finding) {
  std::string out;
  for (std::size_t i = 0; i < finding.occurrences.size() && i < kPlacesMax; ++i) out += place_text(finding.occurrences[i]) + "\n";
  if (finding.occurrences.size() > kPlacesMax) out += "and " + std::to_string(finding.occurrences.size() - kPlacesMax) + " more places\n";
  return out;
}

void add_coverage(const ImageReport& image, Suite& suite) {
  const std::string name = "the image is searched completely";
  std::string text;
  bool incomplete = false;
  for (const Diagnostic& diagnostic : not_searched(image.diagnostics)) {
    incomplete = incomplete || diagnostic.effect == Effect::incomplete;
    const std::string place = place_text(diagnostic.path, diagnostic.archive);
    text += std::string(to_string(diagnostic.effect)) + ": " + (place.empty() ? "" : place + ": ") + diagnostic.message + "\n";
  }
  if (incomplete) {
    ++suite.errors;
    text = outcome("error", coverage_text(coverage_of(image)), "incomplete", text);
  } else if (!text.empty()) {
    text = "<system-out>" + xml(text) + "</system-out>";
  }
  suite.add(image_name(image), name, text);
}

void add_issue(const ImageReport& image, const Finding& finding, const Issue& issue, Suite& suite) {
  const std::string place = finding.occurrences.empty() ? finding.id : place_text(finding.occurrences.front());
  const std::string name = issue.code + ": " + finding.title + ", " + place;
  auto accepted = acceptance_in(finding.attributes);
  if (!accepted) accepted = issue.accepted;
  if (accepted) {
    ++suite.skipped;
    suite.add(image_name(image), name, "<skipped" + xml_attribute("message", accepted->reason + " (" + accepted->by + ")") + "/>");
    return;
  }
  ++suite.failures;
  const std::string text = issue.reason + "\n" + issue.remedy + "\n" + places_of(finding);
  suite.add(image_name(image), name, outcome("failure", issue.reason, to_string(issue.severity), text));
}

class JUnitWriter final : public DocumentWriter {
 public:
  std::string add(const ImageReport& image) override {
    Suite suite;
    add_coverage(image, suite);
    std::vector<Finding> findings = image.findings;
    normalize(findings);
    sort_for_people(findings);
    for (const Finding& finding : findings) {
      for (const Issue& issue : issues_of(finding)) {
        if (issue.severity >= Severity::low) add_issue(image, finding, issue, suite);
      }
    }
    return begin() + suite.text(image_name(image));
  }
  std::string fail(const Failure& failure) override {
    Suite suite;
    suite.errors = 1;
    suite.add(failure.reference, "the image can be read", outcome("error", failure.reason, "not-read", failure.reason));
    return begin() + suite.text(failure.reference);
  }
  std::string finish() override { return begin() + "</testsuites>\n"; }

 private:
  std::string begin() { return std::exchange(begin_, ""); }

  std::string begin_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"landwaiter\">\n";
};

}  // namespace

std::unique_ptr<DocumentWriter> junit_writer() { return std::make_unique<JUnitWriter>(); }

}  // namespace landwaiter::exports
