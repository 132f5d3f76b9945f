// SPDX-License-Identifier: Apache-2.0
// Keys of DNS programs, made by dnssec-keygen and rndc-confgen.
#include "core/base/encoding.hpp"
#include "tests/detectors/support/key_material.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

struct Algorithm {
  const char* arguments;
  const char* title;
  const char* weakness;
};

}  // namespace

TEST_CASE("a DNSSEC key's two files name one key, with the tag that dnssec-keygen gives it", "[key_file]") {
  const Algorithm algorithm =
      GENERATE(Algorithm{"RSASHA256 -b 2048", "RSA 2048-bit", nullptr}, Algorithm{"RSASHA1 -b 1024", "RSA 1024-bit", "sha1-signature"},
               Algorithm{"RSASHA512 -b 4096", "RSA 4096-bit", nullptr}, Algorithm{"ECDSAP256SHA256", "EC prime256v1", nullptr},
               Algorithm{"ECDSAP384SHA384", "EC secp384r1", nullptr}, Algorithm{"ED25519", "Ed25519", nullptr},
               Algorithm{"ED448", "Ed448", nullptr});
  const bool signing_keys = GENERATE(false, true);
  INFO(algorithm.arguments);
  const KeyFolder folder;
  std::string name = folder.sh("dnssec-keygen -q -K . -n ZONE " + std::string(signing_keys ? "-f KSK " : "") + "-a " + algorithm.arguments +
                               " example.com");
  name.pop_back();
  const std::string file = folder.file(name + ".private");
  const Finding key = only_finding(scanner(), file, FindingType::private_key);
  const Finding record = only_finding(scanner(), folder.file(name + ".key"), FindingType::public_key);
  CHECK(key.id == record.id);
  CHECK(key.id.starts_with("spki-sha256:"));
  CHECK(key.title == std::string(algorithm.title) + " private key (DNSSEC)");
  CHECK(key.severity == Severity::high);
  CHECK(record.attributes["key_tag"] == std::stoi(name.substr(name.rfind('+') + 1)));
  CHECK(record.attributes["zone_key"] == true);
  CHECK(record.attributes["secure_entry_point"] == signing_keys);
  const auto weaknesses = key.attributes["weaknesses"].dump();
  CHECK((weaknesses.find("sha1-signature") != std::string::npos) == (algorithm.weakness != nullptr));
  const char* field = std::string_view(algorithm.title).starts_with("RSA") ? "PrivateExponent: " : "PrivateKey: ";
  CHECK(report_text(scanner().scan(file)).find(file.substr(file.find(field) + std::string_view(field).size(), 12)) == std::string::npos);
}

TEST_CASE("a zone's own public key is what openssl computes from the private one", "[key_file]") {
  const KeyFolder folder;
  std::string name = folder.sh("dnssec-keygen -q -K . -a ED25519 example.com");
  name.pop_back();
  const std::string file = folder.file(name + ".private");
  const std::string field = "PrivateKey: ";
  const std::size_t at = file.find(field) + field.size();
  const Bytes seed = *base64_decode(file.substr(at, 44));
  // PKCS#8's fixed beginning for Ed25519 (RFC 8410, 10.3).
  folder.write("k.der", as_text(*hex_decode("302e020100300506032b657004220420" + hex_encode(seed))));
  CHECK(only_finding(scanner(), file, FindingType::private_key).id == folder.openssl_id("-inform DER -in k.der"));
}

TEST_CASE("trust anchors and records in parentheses are public keys", "[key_file]") {
  const KeyFolder folder;
  std::string name = folder.sh("dnssec-keygen -q -K . -f KSK -a RSASHA256 -b 2048 example.com");
  name.pop_back();
  const Finding record = only_finding(scanner(), folder.file(name + ".key"), FindingType::public_key);
  std::string base64 = folder.sh("grep -v '^;' " + name + ".key | sed 's/.* 3 8 //'");
  base64.pop_back();
  CHECK(only_finding(scanner(), "trust-anchors {\n\t. initial-key 257 3 8 \"" + base64 + "\";\n};\n", FindingType::public_key).id ==
        record.id);
  base64.insert(100, "\n\t\t");
  CHECK(only_finding(scanner(), "example.com.\t3600\tIN\tDNSKEY\t257 3 8 (\n" + base64 + " ) ; key\n", FindingType::public_key).id ==
        record.id);
}

TEST_CASE("keys of TSIG are secret keys", "[key_file]") {
  const KeyFolder folder;
  const auto [algorithm, weak] = GENERATE(std::pair{"hmac-sha256", false}, std::pair{"hmac-md5", true}, std::pair{"hmac-sha512", false});
  const std::string block = folder.sh("rndc-confgen -A " + std::string(algorithm)).substr(0, 200);
  const std::string key = block.substr(block.find("key \""), block.find("};") + 2 - block.find("key \""));
  folder.write("named.conf", key + "\n");
  folder.sh("named-checkconf named.conf");
  const Finding finding = only_finding(scanner(), key, FindingType::secret_key);
  CHECK(finding.attributes["algorithm"] == algorithm);
  CHECK(finding.severity == Severity::high);
  CHECK(finding.id.starts_with("hmac-sha256:"));
  CHECK(finding.attributes["weaknesses"] == (weak ? json::array({"md5"}) : json::array()));
  const std::size_t secret = key.find("secret \"") + 8;
  CHECK(report_text(scanner().scan(key)).find(key.substr(secret, 12)) == std::string::npos);
  const std::string turned =
      "key name { secret " + key.substr(secret, key.find('"', secret) - secret) + "; algorithm " + algorithm + "; };";
  CHECK(only_finding(scanner(), turned, FindingType::secret_key).attributes["algorithm"] == algorithm);
}

TEST_CASE("a key of TSIG in BIND's private format is a secret key", "[key_file]") {
  const std::string secret = base64_encode(as_bytes("0123456789abcdefghijklmnopqrstuv"));
  const std::string file =
      "Private-key-format: v1.3\nAlgorithm: 163 (HMAC_SHA256)\nKey: " + secret + "\nBits: AAA=\nCreated: 20260101000000\n";
  const Finding finding = only_finding(scanner(), file, FindingType::secret_key);
  CHECK(finding.attributes["algorithm"] == "HMAC-SHA256");
}

TEST_CASE("what only looks like a key of DNS is silent", "[key_file]") {
  const KeyFolder folder;
  std::string name = folder.sh("dnssec-keygen -q -K . -a RSASHA256 -b 1024 example.com");
  name.pop_back();
  std::string file = folder.file(name + ".private");
  const std::string secret = base64_encode(as_bytes("0123456789abcdefghijklmnopqrstuv"));
  for (const std::string& text :
       {std::string("Private-key-format: v1.%d\nAlgorithm: %d\n"),
        std::string("Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: <base64>\n"),
        std::string("Private-key-format: v1.3\nAlgorithm: 99\nPrivateKey: AAAA\n"),
        std::string("example.com. IN DNSKEY 257 3 8 AwEAAa...\n"), std::string("example.com. IN DNSKEY 257 3 13 AwEAAaBCDEFG\n"),
        std::string("key \"name\" { algorithm hmac-sha256; secret \"...\"; };"),
        std::string("key \"name\" { algorithm hmac-sha256; secret \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"; };"),
        "monkey \"name\" { algorithm hmac-sha256; secret \"" + secret + "\"; };", "algorithm hmac-sha256; secret \"" + secret + "\";",
        std::string("The algorithm hmac-sha256 is the default.")}) {
    INFO(text);
    check_silent(scanner(), text);
  }
  // Primes whose product is another number.
  const std::size_t prime = file.find("Prime1: ") + 14;
  file[prime] = file[prime] == 'A' ? 'B' : 'A';
  check_silent(scanner(), file);
}

TEST_CASE("cut and changed keys of DNS are survived", "[key_file]") {
  const KeyFolder folder;
  std::string name = folder.sh("dnssec-keygen -q -K . -a ECDSAP256SHA256 example.com");
  name.pop_back();
  check_hostile(scanner(), folder.file(name + ".private"), 3);
  check_hostile(scanner(), folder.file(name + ".key"), 3);
  check_hostile(scanner(), folder.sh("rndc-confgen").substr(0, 300), 5);
}

}  // namespace landwaiter::detectors
