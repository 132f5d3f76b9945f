// SPDX-License-Identifier: Apache-2.0
#include "core/assess/shared_primes.hpp"

#include "core/assess/assess.hpp"
#include "core/base/encoding.hpp"
#include "tests/support/catch.hpp"

#include <openssl/bn.h>

#include <algorithm>
#include <memory>

using namespace landwaiter;

namespace {

using Number = std::unique_ptr<BIGNUM, void (*)(BIGNUM*)>;

Number make() {
  return {BN_new(), [](BIGNUM* number) { BN_free(number); }};
}

Number prime() {
  Number out = make();
  REQUIRE(BN_generate_prime_ex(out.get(), 256, 0, nullptr, nullptr, nullptr) == 1);
  return out;
}

std::string base64_of(const BIGNUM* number, std::size_t zeros = 0) {
  Bytes bytes(zeros + static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data() + zeros);
  return base64_encode(bytes);
}

Number product(const Number& a, const Number& b) {
  Number out = make();
  BN_CTX* context = BN_CTX_new();
  REQUIRE(BN_mul(out.get(), a.get(), b.get(), context) == 1);
  BN_CTX_free(context);
  return out;
}

Finding key(std::string id, const std::string& modulus) {
  Finding finding;
  finding.type = FindingType::certificate;
  finding.id = std::move(id);
  finding.attributes["modulus"] = modulus;
  return finding;
}

using Ids = std::set<std::string>;

}  // namespace

TEST_CASE("moduli that share a prime find each other, and no others") {
  std::vector<Number> primes;
  for (int i = 0; i < 12; ++i) primes.push_back(prime());
  std::vector<Finding> findings;
  // a-b share one prime; c has both primes in common with others (d and e); f and g share nothing.
  findings.push_back(key("a", base64_of(product(primes[0], primes[1]).get())));
  findings.push_back(key("b", base64_of(product(primes[0], primes[2]).get())));
  findings.push_back(key("c", base64_of(product(primes[3], primes[4]).get())));
  findings.push_back(key("d", base64_of(product(primes[3], primes[5]).get())));
  findings.push_back(key("e", base64_of(product(primes[4], primes[6]).get())));
  findings.push_back(key("f", base64_of(product(primes[7], primes[8]).get())));
  findings.push_back(key("g", base64_of(product(primes[9], primes[10]).get())));
  findings.push_back(key("a again", base64_of(product(primes[0], primes[1]).get(), 3)));
  SharedPrimes shared;
  shared.add(findings);
  shared.compute();
  CHECK(shared.moduli() == 7);
  CHECK(shared.left_out() == 0);
  CHECK(shared.partners(findings[0]) == Ids{"b"});
  CHECK(shared.partners(findings[1]) == Ids{"a", "a again"});
  CHECK(shared.partners(findings[2]) == Ids{"d", "e"});
  CHECK(shared.partners(findings[3]) == Ids{"c"});
  CHECK(shared.partners(findings[5]).empty());
  CHECK(shared.partners(findings[6]).empty());
  CHECK(shared.partners(findings[7]) == Ids{"b"});

  SECTION("across images, as an issue, and the moduli are not shown") {
    std::vector<ImageReport> images(2);
    images[0].findings = {findings[0], findings[5]};
    images[1].findings = {findings[1]};
    assess_all(images, *Policy::builtin("none"), SystemTime(), nullptr);
    const auto& first = images[0].findings[0];
    CHECK(first.id == "a");
    CHECK(first.severity == Severity::critical);
    REQUIRE(issues_of(first).size() == 1);
    CHECK(issues_of(first)[0].code == "shared-prime");
    CHECK(issues_of(first)[0].reason.find("with b:") != std::string::npos);
    CHECK(issues_of(images[0].findings[1]).empty());
    for (const ImageReport& image : images) {
      for (const Finding& each : image.findings) CHECK_FALSE(each.attributes.contains("modulus"));
    }
  }
}

TEST_CASE("one modulus, or none, shares nothing") {
  SharedPrimes none;
  none.compute();
  const Finding only = key("a", base64_of(product(prime(), prime()).get()));
  SharedPrimes one;
  one.add({&only, 1});
  one.compute();
  CHECK(one.partners(only).empty());
}

TEST_CASE("what is no modulus is passed over") {
  std::vector<Finding> findings;
  for (const std::string& text : {std::string(), std::string("!!!"), base64_encode(Bytes(64, 0)), base64_encode(Bytes(8, 1)),
                                  base64_encode(Bytes(64, 2)), base64_encode(Bytes(5000, 1))}) {
    findings.push_back(key("x", text));
  }
  findings.push_back(key("y", ""));
  findings.back().attributes["modulus"] = 7;
  SharedPrimes shared;
  shared.add(findings);
  shared.compute();
  CHECK(shared.moduli() == 0);
  for (const Finding& each : findings) CHECK(shared.partners(each).empty());
}

TEST_CASE("more than can be compared is counted") {
  std::vector<Finding> findings;
  for (int i = 0; i < 600; ++i) {
    Bytes bytes(2048, 0xff);
    bytes[10] = static_cast<std::uint8_t>(i);
    bytes[11] = static_cast<std::uint8_t>(i >> 8U);
    findings.push_back(key(std::to_string(i), base64_encode(bytes)));
  }
  SharedPrimes shared;
  shared.add(findings);
  CHECK(shared.moduli() == 512);
  CHECK(shared.left_out() == 88);
}
