// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/scan_summary.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

namespace {

Finding key(Severity severity, std::size_t places = 1) {
  Finding out;
  out.type = FindingType::private_key;
  out.severity = severity;
  out.title = "RSA key";
  for (std::size_t i = 0; i < places; ++i) out.occurrences.push_back({"etc/" + std::to_string(i) + ".key", {}, 0, {}, std::nullopt});
  return out;
}

ImageReport image_of(std::vector<Finding> findings) {
  ImageReport image;
  image.facts.reference = "reg/team/shop:1";
  image.findings = std::move(findings);
  return image;
}

}  // namespace

TEST_CASE("the summary counts what was found, worst first, and says which rules were met by what", "[scan_summary]") {
  ScanSummary summary(FailRule::parse_list("high,certificate").value());
  summary.add(image_of({key(Severity::high, 3), key(Severity::info), key(Severity::critical)}), {});
  CHECK(summary.any_rule_met());
  CHECK(summary.text("x.sarif (sarif)") ==
        "landwaiter: x.sarif (sarif): 1 image: 1 critical, 1 high, 1 info\n"
        "landwaiter: --fail-on high is met by 2 findings:\n"
        "  high  RSA key, etc/0.key and 2 more places, in reg/team/shop:1\n"
        "  critical  RSA key, etc/0.key, in reg/team/shop:1\n");
}

TEST_CASE("the summary says what it took", "[scan_summary]") {
  ScanSummary summary({});
  summary.add(image_of({}), {});
  summary.set_effort(1, std::chrono::milliseconds(3'960));
  CHECK(summary.text("") == "landwaiter: 1 image: nothing found; 1 layer read; 4.0 s\n");
}

TEST_CASE("the summary leaves out what is accepted, and says how much", "[scan_summary]") {
  ScanSummary summary(FailRule::parse_list("high").value());
  Finding known = key(Severity::high);
  known.attributes["accepted"] = {{"reason", "known"}, {"by", "i.yml:1"}};
  summary.add(image_of({known}), {.by_decision = 1, .by_baseline = 2});
  CHECK_FALSE(summary.any_rule_met());
  CHECK(summary.text("") == "landwaiter: 1 image: nothing but what is accepted; 3 accepted (1 by decisions, 2 by the baseline)\n");
}

TEST_CASE("the summary names incomplete images, files that were not opened, and failures", "[scan_summary]") {
  ScanSummary summary(FailRule::parse_list("not-opened").value());
  ImageReport image = image_of({});
  image.diagnostics.resize(2);
  image.diagnostics[0].effect = Effect::incomplete;
  image.diagnostics[1].effect = Effect::not_opened;
  summary.add(image, {});
  summary.add_failure();
  CHECK(summary.incomplete() == 1);
  const std::string text = summary.text("");
  CHECK(
      text.starts_with("landwaiter: 1 image: nothing found; 1 image incomplete; 1 file or object not opened; 1 image or registry could not "
                       "be read\nlandwaiter: --fail-on not-opened is met by 1 image:\n  reg/team/shop:1: parts of it were not searched"));
}

TEST_CASE("the summary of many findings stays short", "[scan_summary]") {
  ScanSummary summary(FailRule::parse_list("high").value());
  for (int i = 0; i < 1'000; ++i) summary.add(image_of({key(Severity::high)}), {});
  CHECK(summary.text("").ends_with("  ... and 990 more\n"));
  CHECK(summary.text("").size() < 1'000);
}
