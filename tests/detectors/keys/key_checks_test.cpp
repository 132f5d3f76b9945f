// SPDX-License-Identifier: Apache-2.0
// Weak keys are made by python's own arithmetic, good ones by openssl.
#include "detectors/keys/key_checks.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "detectors/keys/rsa_checks.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using Codes = std::vector<std::string>;

/// What every script needs: primes by Miller and Rabin's test, from a fixed seed.
constexpr const char* kPrelude = R"(
import random, hashlib
random.seed(1)
def is_prime(n):
    small = (2, 3, 5, 7, 11, 13, 17, 19, 23)
    if n in small: return True
    if n < 2 or any(n % p == 0 for p in small): return False
    d, s = n - 1, 0
    while d % 2 == 0: d, s = d // 2, s + 1
    for _ in range(24):
        x = pow(random.randrange(2, n - 1), d, n)
        if x in (1, n - 1): continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1: break
        else: return False
    return True
def next_prime(n):
    n |= 1
    while not is_prime(n): n += 2
    return n
def prime(bits): return next_prime(random.getrandbits(bits) | 3 << bits - 2)
def show(n): print('%0*x' % ((n.bit_length() + 7) // 8 * 2, n))
)";

Bytes number_by(const std::string& script) {
  const std::string out = must_run("python3 -c " + shell_quoted(kPrelude + script));
  return hex_decode(out.substr(0, out.find('\n'))).value();
}

Codes weaknesses_of(const Bytes& modulus, const Bytes& exponent = {1, 0, 1}) { return key_weaknesses(rsa_public_key(modulus, exponent)); }

bool has(const Codes& codes, const char* code) { return std::ranges::find(codes, code) != codes.end(); }

constexpr const char* kRocaPrelude = R"(
M = 1
for p in range(2, 168):
    if is_prime(p): M *= p
def roca_prime(bits):
    while True:
        p = random.randrange((3 << bits - 2) // M + 1, (1 << bits) // M) * M + pow(65537, random.randrange(2**61), M)
        if is_prime(p): return p
)";

}  // namespace

TEST_CASE("keys that openssl makes have no weakness but their size", "[key_checks]") {
  const Material material;
  for (const char* options :
       {"-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "-algorithm RSA -pkeyopt rsa_keygen_bits:3072",
        "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "-algorithm ED25519"}) {
    INFO(options);
    material.key("k", options);
    const auto key = read_public_key(as_bytes(material.openssl("pkey -in k.pem -pubout -outform DER")));
    REQUIRE(key);
    CHECK(key_weaknesses(*key).empty());
    CHECK(key_hash(*key).size() == 30);
  }
  material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024");
  CHECK(key_weaknesses(*read_public_key(as_bytes(material.openssl("pkey -in k.pem -pubout -outform DER")))) == Codes{"rsa-1024"});
}

TEST_CASE("an exponent of 1 encrypts nothing, an even one has no inverse, and one of a few bits forgives no mistake", "[key_checks]") {
  const Bytes modulus = number_by("show(prime(1024) * prime(1024))");
  CHECK(weaknesses_of(modulus).empty());
  for (const std::uint8_t small : {3, 5, 7, 15}) CHECK(weaknesses_of(modulus, {small}) == Codes{"rsa-exponent-small"});
  for (const std::uint8_t larger : {17, 35, 37}) CHECK(weaknesses_of(modulus, {larger}).empty());  // of PuTTY and old OpenSSH
  CHECK(weaknesses_of(modulus, {1, 0, 1}).empty());
  CHECK(weaknesses_of(modulus, {1}) == Codes{"rsa-exponent-1"});
  CHECK(weaknesses_of(modulus, {0, 1}) == Codes{"rsa-exponent-1"});
  CHECK(weaknesses_of(modulus, {1, 0}) == Codes{"rsa-exponent-even"});
}

TEST_CASE("each prime up to 65537 is found as a factor, and no larger one", "[key_checks]") {
  const std::string out = must_run("python3 -c " + shell_quoted(std::string(kPrelude) + R"(
q = prime(2040)
for p in (2, 3, 5, 167, 251, 257, 4099, 32771, 65519, 65521, 65537): show(p * q)
print('larger')
for p in (65539, 65543, 70001): show(p * q)
)"));
  bool small = true;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < out.size();) {
    const std::string line = out.substr(at, out.find('\n', at) - at);
    at += line.size() + 1;
    if (line == "larger") {
      small = false;
      continue;
    }
    ++lines;
    INFO(line.substr(line.size() - 8));
    CHECK(rsa::has_small_factor(*hex_decode(line)) == small);
  }
  CHECK(lines == 14);
}

TEST_CASE("all primes up to 65537 are among those that are tried", "[key_checks]") {
  // One product of a prime and a fixed larger one each: 6,543 numbers.
  const std::string out = must_run("python3 -c " + shell_quoted(std::string(kPrelude) + R"(
q = prime(256)
for p in range(2, 65538):
    if is_prime(p): show(p * q)
)"));
  std::size_t lines = 0, found = 0;
  for (std::size_t at = 0; at < out.size(); ++lines) {
    const std::size_t end = out.find('\n', at);
    if (rsa::has_small_factor(*hex_decode(std::string_view(out).substr(at, end - at)))) ++found;
    at = end + 1;
  }
  CHECK(lines == 6543);
  CHECK(found == lines);
}

TEST_CASE("primes that are close to each other are found by Fermat's method", "[key_checks]") {
  CHECK(weaknesses_of(number_by("p = prime(1024); show(p * next_prime(p + 2))")) == Codes{"rsa-fermat"});
  // A difference of up to twenty times the fourth root needs some 50 rounds.
  CHECK(weaknesses_of(number_by("p = prime(1024); show(p * next_prime(p + (20 << 512)))")) == Codes{"rsa-fermat"});
  CHECK(weaknesses_of(number_by("p = prime(1024); show(p * next_prime(p + (1 << 600)))")).empty());
  CHECK(has(weaknesses_of(number_by("p = prime(1024); show(p * p)")), "rsa-fermat"));
}

TEST_CASE("moduli of Infineon's library are told from others that only look like them", "[key_checks]") {
  const std::string roca = kRocaPrelude;
  CHECK(weaknesses_of(number_by(roca + "show(roca_prime(512) * roca_prime(512))")) == Codes{"rsa-1024", "rsa-roca"});
  CHECK(weaknesses_of(number_by(roca + "show(roca_prime(1024) * roca_prime(1024))")) == Codes{"rsa-roca"});
  CHECK_FALSE(has(weaknesses_of(number_by(roca + "show(roca_prime(512) * prime(512))")), "rsa-roca"));
  // In the subgroup of each small prime, by other exponents, so that no one exponent fits them all.
  CHECK_FALSE(rsa::is_roca(number_by(roca + R"(
n = M // 2
for p in range(3, 168):
    if is_prime(p): n += pow(65537, random.randrange(p), p) * (M // p) * pow(M // p, -1, p)
show(n % M + M * random.getrandbits(800))
)")));
}

TEST_CASE("hostile moduli are answered, too", "[key_checks]") {
  for (const Bytes& modulus :
       {Bytes{}, Bytes{0}, Bytes{1}, Bytes{2}, Bytes{3}, Bytes(300, 0xff), Bytes(2048, 0xff), Bytes(2049, 0xff), Bytes(100'000, 0xff)}) {
    INFO(modulus.size());
    const Codes codes = weaknesses_of(modulus);
    const bool too_large = bit_length(modulus) > limits::key_bits_max;
    CHECK((has(codes, "rsa-small-factor") || has(codes, "rsa-fermat") || too_large || modulus == Bytes{1}));
  }
}

TEST_CASE("a key's hash and modulus are those of its number without leading zeros", "[key_checks]") {
  const Material material;
  const auto hash_of = [&](const std::string& hex) { return must_run("printf %s " + hex + " | xxd -r -p | sha256sum").substr(0, 30); };
  material.key("r", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  const std::string modulus = material.openssl("rsa -in r.pem -noout -modulus");
  const std::string hex = modulus.substr(8, modulus.size() - 9);
  const FileScanner scanner;
  const auto keys = scanner.scan(material.file("r.pem")).of(FindingType::private_key);
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].attributes["key_hash"] == hash_of(hex));
  CHECK(keys[0].attributes["modulus"] == base64_encode(*hex_decode(hex)));

  for (const char* form : {"uncompressed", "compressed"}) {
    material.key("e", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    const std::string point = must_run("openssl ec -in " + material.path("e.pem") +
                                       " -pubout -outform DER -conv_form uncompressed | tail -c 64 | head -c 32 | xxd -p -c 64");
    std::string x = point.substr(0, point.find('\n'));
    while (x.starts_with("00")) x.erase(0, 2);
    const std::string spki = must_run("openssl ec -in " + material.path("e.pem") + " -pubout -outform DER -conv_form " + form);
    INFO(form);
    CHECK(key_hash(*read_public_key(as_bytes(spki))) == hash_of(x));
  }
  material.key("d", "-algorithm ED25519");
  const std::string raw = must_run("openssl pkey -in " + material.path("d.pem") + " -pubout -outform DER | tail -c 32 | xxd -p -c 64");
  std::string ed = raw.substr(0, raw.find('\n'));
  while (ed.starts_with("00")) ed.erase(0, 2);
  CHECK(key_hash(*read_public_key(as_bytes(material.openssl("pkey -in d.pem -pubout -outform DER")))) == hash_of(ed));
}

TEST_CASE("a curve that is spelled out is told, and which one it equals", "[key_checks]") {
  const Material material;
  const FileScanner scanner;
  material.openssl("ecparam -name prime256v1 -genkey -noout -param_enc explicit -out x.pem");
  material.openssl("req -x509 -key x.pem -out x.crt -subj /CN=explicit -days 10");
  const auto certificates = scanner.scan(material.file("x.crt")).of(FindingType::certificate);
  REQUIRE(certificates.size() == 1);
  CHECK(certificates[0].attributes["curve"] == "explicit");
  CHECK(certificates[0].attributes["equal_curve"] == "prime256v1");
  CHECK(certificates[0].attributes["weaknesses"] == nlohmann::json::array({"explicit-curve"}));
  // Another generator, as in CVE-2020-0601: the public key itself, so that the private one would be 1.
  std::string spki = material.openssl("pkey -in x.pem -pubout -outform DER");
  const auto point = spki.substr(spki.size() - 65);
  const auto generator = must_run(
      "printf "
      "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5 "
      "| xxd -r -p");
  const std::size_t at = spki.find(generator);
  REQUIRE(at != std::string::npos);
  spki.replace(at, point.size(), point);
  const auto forged = read_public_key(as_bytes(spki));
  REQUIRE(forged);
  CHECK(forged->curve == "explicit");
  CHECK(forged->equal_curve.empty());
}

TEST_CASE("weak numbers are told of keys wherever they are found", "[key_checks]") {
  const FileScanner scanner;
  const PublicKey key = rsa_public_key(number_by("p = prime(1024); show(p * next_prime(p + 2))"), Bytes{1});
  const std::string pem = "-----BEGIN PUBLIC KEY-----\n" + base64_encode(key.spki) + "\n-----END PUBLIC KEY-----\n";
  const auto found = scanner.scan(pem).of(FindingType::public_key);
  REQUIRE(found.size() == 1);
  CHECK(found[0].attributes["weaknesses"] == nlohmann::json::array({"rsa-exponent-1", "rsa-fermat"}));
}

}  // namespace landwaiter::detectors
