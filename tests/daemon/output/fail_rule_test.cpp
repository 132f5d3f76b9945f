// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/fail_rule.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter;
using namespace landwaiter::daemon;

TEST_CASE("fail-on rules are severities, types, or both") {
  Finding certificate;
  certificate.type = FindingType::certificate;
  certificate.severity = Severity::medium;
  CHECK(FailRule::parse("medium")->met_by(certificate));
  CHECK_FALSE(FailRule::parse("high")->met_by(certificate));
  CHECK(FailRule::parse("certificate")->met_by(certificate));
  CHECK_FALSE(FailRule::parse("private-key")->met_by(certificate));
  CHECK(FailRule::parse("certificate:low")->met_by(certificate));
  CHECK_FALSE(FailRule::parse("certificate:critical")->met_by(certificate));
  ImageReport image;
  CHECK_FALSE(FailRule::parse("incomplete")->met_by(certificate));
  CHECK_FALSE(FailRule::parse("not-opened")->met_by(image));
  image.findings = {certificate};
  CHECK(FailRule::parse("medium")->met_by(image));
  CHECK_FALSE(FailRule::parse("high")->met_by(image));
  CHECK_FALSE(FailRule::parse("not-opened")->met_by(image));
  image.diagnostics = {{.message = "odd", .path = {}, .archive = {}, .layer = {}, .effect = Effect::note}};
  CHECK_FALSE(FailRule::parse("not-opened")->met_by(image));
  image.diagnostics[0].effect = Effect::not_opened;
  CHECK(FailRule::parse("not-opened")->met_by(image));
  CHECK_FALSE(FailRule::parse("incomplete")->met_by(image));
  image.diagnostics[0].effect = Effect::incomplete;
  CHECK(FailRule::parse("not-opened")->met_by(image));
  CHECK(FailRule::parse("incomplete")->met_by(image));
  for (const std::string_view wrong : {"", "severe", "certificate:", "certificate:severe", "high:certificate", ":"}) {
    INFO(wrong);
    CHECK(FailRule::parse(wrong).error().code() == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a rule about a size that no short key has says which there are", "[fail_rule]") {
  for (const std::string_view possible : {"rsa-1024", "rsa-2047", "EC-192", "dsa-1", "issue:rsa-1024"})
    CHECK(FailRule::parse(possible).has_value());
  for (const std::string_view never :
       {"rsa-99999", "rsa-2048", "rsa-0", "ec-224", "rsa-", "issue:rsa-4096", "rsa-99999999999999999999999"}) {
    INFO(never);
    const auto rule = FailRule::parse(never);
    REQUIRE(rule.has_error());
    CHECK(rule.error().message().find("can never be met") != std::string::npos);
  }
  CHECK(FailRule::parse("rsa-99999")
            .error()
            .message()
            .ends_with("a key is told as rsa-BITS if it has fewer than 2048 bits, from rsa-1 to rsa-2047"));
  for (const std::string& each : FailRule::examples()) CHECK(FailRule::parse(each).has_value());
}

TEST_CASE("fail-on rules are issues' codes, in any case, and several with commas", "[fail_rule]") {
  Finding key;
  key.type = FindingType::private_key;
  key.severity = Severity::high;
  key.attributes["issues"] = {{{"code", "expired"}, {"severity", "high"}, {"reason", ""}, {"remedy", ""}}};
  CHECK(FailRule::parse("Expired")->met_by(key));
  CHECK(FailRule::parse("issue:expired")->met_by(key));
  CHECK(FailRule::parse("High")->met_by(key));
  CHECK(FailRule::parse("Private-Key:High")->met_by(key));
  CHECK_FALSE(FailRule::parse("deleted-but-present")->met_by(key));
  CHECK_FALSE(FailRule::parse("issue:of-my-own")->met_by(key));
  CHECK(FailRule::parse("expird").has_error());

  const auto two = FailRule::parse_list("high, expired").value();
  REQUIRE(two.size() == 2);
  CHECK(two[1].text == "expired");
  CHECK(FailRule::parse_list("high,,low").has_error());
  CHECK(FailRule::parse_list("").has_error());

  SECTION("what is accepted meets no rule") {
    key.attributes["issues"][0]["accepted"] = {{"reason", "known"}};
    CHECK_FALSE(FailRule::parse("expired")->met_by(key));
    CHECK(FailRule::parse("high")->met_by(key));
    key.attributes["accepted"] = {{"reason", "known"}};
    CHECK_FALSE(FailRule::parse("high")->met_by(key));
  }
}
