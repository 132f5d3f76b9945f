// SPDX-License-Identifier: Apache-2.0
#include "core/assess/weaknesses.hpp"

#include "tests/support/catch.hpp"

#include <set>

using namespace landwaiter;

TEST_CASE("every weakness that detectors name is known, with a reason and a remedy") {
  for (const std::string_view code : {"rsa-1024",
                                      "rsa-512",
                                      "dsa-1024",
                                      "dh-512",
                                      "ec-192",
                                      "ec-112",
                                      "sha1-signature",
                                      "md5-signature",
                                      "md4-signature",
                                      "md2-signature",
                                      "weak-cipher",
                                      "few-iterations",
                                      "rsa-exponent-1",
                                      "rsa-exponent-even",
                                      "rsa-exponent-small",
                                      "rsa-small-factor",
                                      "rsa-fermat",
                                      "rsa-roca",
                                      "explicit-curve",
                                      "empty-password",
                                      "well-known-password",
                                      "weak-mac",
                                      "no-integrity",
                                      "alg-none",
                                      "no-expiry",
                                      "weak-algorithm",
                                      "tls-1.0",
                                      "tls-1.1",
                                      "ssl-3",
                                      "ssl-2",
                                      "null-cipher",
                                      "export-cipher",
                                      "rc4",
                                      "3des",
                                      "des",
                                      "md5",
                                      "sha1",
                                      "anonymous-cipher",
                                      "short-dh",
                                      "unencrypted-key",
                                      "ssh-1",
                                      "short-symmetric-key",
                                      "long-lived-token",
                                      "cbc",
                                      "elgamal-1024"}) {
    INFO(code);
    CHECK(weakness_known(code));
    const Issue issue = weakness_issue(code);
    CHECK(issue.code == code);
    CHECK(issue.severity > Severity::info);
    CHECK(issue.reason.ends_with("."));
    CHECK(issue.remedy.ends_with("."));
  }
}

TEST_CASE("codes are listed once") {
  std::set<std::string_view> seen;
  for (const std::string_view code : weakness_codes()) CHECK(seen.insert(code).second);
  CHECK(seen.size() > 30);
}

TEST_CASE("a code that is not known is not lost") {
  for (const std::string_view code : {"quantum-flux", "rsa-", "rsa-many", "ed-25519", "rsa-1024-x", "", "-1", "rsa-99999999999999999999999",
                                      "rsa-99999", "rsa-2048", "rsa-0", "rsa-01024", "ec-224"}) {
    INFO(code);
    CHECK_FALSE(weakness_known(code));
    CHECK(weakness_issue(code).code == code);
    CHECK(weakness_issue(code).severity == Severity::medium);
  }
}

TEST_CASE("the shorter the key, the worse") {
  CHECK(weakness_issue("rsa-512").severity == Severity::high);
  CHECK(weakness_issue("rsa-1024").severity == Severity::medium);
  CHECK(weakness_issue("ec-112").severity == Severity::high);
  CHECK(weakness_issue("ec-192").severity == Severity::medium);
  CHECK(weakness_issue("rsa-512").reason.find("512 bits") != std::string::npos);
}
