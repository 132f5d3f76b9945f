// SPDX-License-Identifier: Apache-2.0
#include "core/assess/decisions.hpp"

#include "core/assess/assess.hpp"
#include "core/report/attribute_names.hpp"
#include "tests/support/catch.hpp"

using namespace landwaiter;
using nlohmann::json;

namespace {

SystemTime at(std::string_view date) { return *from_rfc3339(std::string(date) + "T00:00:00Z"); }
const SystemTime kToday = at("2026-06-01");

Finding finding(std::string id, const std::vector<std::string>& paths, const std::vector<std::pair<std::string, Severity>>& issues) {
  Finding out;
  out.type = FindingType::private_key;
  out.id = std::move(id);
  for (const std::string& path : paths) out.occurrences.push_back({path, {}, 0, Digest::sha256_of(as_bytes("1")), std::nullopt});
  out.attributes[attribute::issues] = json::array();
  for (const auto& [code, severity] : issues) {
    out.severity = std::max(out.severity, severity);
    out.attributes[attribute::issues].push_back({{"code", code}, {"severity", to_string(severity)}, {"reason", "r"}, {"remedy", "m"}});
  }
  return out;
}

Decision decision(Decision out) {
  if (out.reason.empty()) out.reason = "Known.";
  if (out.origin.empty()) out.origin = "file:1";
  return out;
}

struct Applied {
  Finding finding;
  AcceptedCounts counts;
  std::size_t unused = 0;
};

Applied apply(Finding of, std::vector<Decision> decisions, std::optional<Baseline> baseline = {}) {
  ImageReport image;
  image.facts.reference = "registry.example.com/team/shop:1.4";
  image.findings.push_back(std::move(of));
  Decisions all(std::move(decisions), std::move(baseline));
  const AcceptedCounts counts = all.apply(image, kToday);
  return {image.findings.front(), counts, all.unused(kToday).size()};
}

const Finding kKey = finding("k", {"etc/a.key", "srv/a.key"}, {{"exposed-private-key", Severity::high}, {"rsa-1024", Severity::medium}});

bool accepts(const Decision& one) { return is_accepted(apply(kKey, {decision(one)}).finding); }

}  // namespace

TEST_CASE("a finding is accepted by id, type, path or image, if all that is said of it matches", "[decisions]") {
  CHECK(accepts({.id = "k"}));
  CHECK(accepts({.type = FindingType::private_key}));
  CHECK(accepts({.path = "**/a.key"}));
  CHECK(accepts({.id = "k", .image = "registry.example.com/team/*"}));
  CHECK_FALSE(accepts({.id = "other"}));
  CHECK_FALSE(accepts({.id = "k", .type = FindingType::certificate}));
  CHECK_FALSE(accepts({.id = "k", .image = "registry.example.com/*"}));
  CHECK_FALSE(accepts({.path = "etc/**"}));  // it is in srv, too

  const Applied one = apply(kKey, {decision({.id = "k", .reason = "A test key.", .until = at("2027-01-01"), .origin = "i.yml:3"})});
  CHECK(one.finding.attributes["accepted"] == json({{"reason", "A test key."}, {"by", "i.yml:3"}, {"until", "2027-01-01T00:00:00Z"}}));
  CHECK(one.finding.severity == Severity::high);
  CHECK(one.counts.by_decision == 1);
  CHECK(one.unused == 0);
}

TEST_CASE("decisions for each of its places accept a finding together", "[decisions]") {
  const Applied both = apply(kKey, {decision({.path = "etc/**"}), decision({.path = "srv/*"})});
  CHECK(is_accepted(both.finding));
  CHECK(both.unused == 0);
}

TEST_CASE("one accepted issue leaves the others, and their severity", "[decisions]") {
  const Applied one = apply(kKey, {decision({.issue = "exposed-private-key"})});
  CHECK_FALSE(is_accepted(one.finding));
  CHECK(one.finding.severity == Severity::medium);
  CHECK(one.finding.attributes["issues"][0].contains("accepted"));
  CHECK_FALSE(one.finding.attributes["issues"][1].contains("accepted"));
  CHECK(one.counts.by_decision == 0);

  const Applied both = apply(kKey, {decision({.issue = "exposed-private-key"}), decision({.issue = "rsa-1024"})});
  CHECK(is_accepted(both.finding));
}

TEST_CASE("a decision that has ended accepts nothing, and one that matches nothing is told", "[decisions]") {
  CHECK_FALSE(accepts({.id = "k", .until = kToday}));
  CHECK(accepts({.id = "k", .until = at("2026-06-02")}));
  CHECK(apply(kKey, {decision({.id = "other"}), decision({.id = "k"})}).unused == 1);
  CHECK(Decisions({decision({.until = kToday})}, {}).ended(kToday).size() == 1);
}

TEST_CASE("a finding without issues is accepted by decisions that name none", "[decisions]") {
  const Finding certificate = finding("c", {"a"}, {});
  CHECK(is_accepted(apply(certificate, {decision({.id = "c"})}).finding));
  CHECK_FALSE(is_accepted(apply(certificate, {decision({.id = "c", .issue = "expired"})}).finding));
}

TEST_CASE("what a baseline has is accepted; a new place or a new issue is not", "[decisions]") {
  Baseline baseline("old.json");
  baseline.add(kKey);
  const Applied same = apply(kKey, {}, baseline);
  CHECK(same.finding.attributes["accepted"]["by"] == "old.json");
  CHECK(same.counts.by_baseline == 1);

  Finding moved = kKey;
  moved.occurrences[0].path = "new/place";
  CHECK_FALSE(is_accepted(apply(moved, {}, baseline).finding));
  Finding copied = kKey;
  copied.occurrences.push_back(moved.occurrences[0]);
  CHECK_FALSE(is_accepted(apply(copied, {}, baseline).finding));
  Finding rebuilt = kKey;
  rebuilt.occurrences[0].layer = Digest::sha256_of(as_bytes("other layer"));
  CHECK(is_accepted(apply(rebuilt, {}, baseline).finding));

  Finding accepted = kKey;
  accepted.attributes["accepted"] = {{"reason", "for a time"}};
  Baseline without("old.json");
  without.add(accepted);
  CHECK_FALSE(is_accepted(apply(kKey, {}, without).finding));

  const Finding worse = finding("k", {"etc/a.key"},
                                {{"exposed-private-key", Severity::high}, {"rsa-1024", Severity::medium}, {"shared", Severity::critical}});
  const Applied left = apply(worse, {}, baseline);
  CHECK_FALSE(is_accepted(left.finding));
  CHECK(left.finding.severity == Severity::critical);
  CHECK(is_accepted(apply(worse, {decision({.issue = "shared"})}, baseline).finding));
}
