// SPDX-License-Identifier: Apache-2.0
// Keystores made by keytool (with Bouncy Castle's provider for its own kinds) and openssl, listed without their password.
#include "core/base/digest.hpp"
#include "detectors/formats/ber.hpp"
#include "detectors/keystores/bcfks.hpp"
#include "detectors/keystores/java_keystore.hpp"
#include "detectors/keystores/java_serialization.hpp"
#include "detectors/keystores/pkcs12.hpp"
#include "tests/detectors/support/keystores.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

const FileScanner& scanner() { return keystore_scanner(); }
Finding only_keystore(const std::string& file) { return only_keystore(scanner().scan(file), file); }
const json& entry(const Finding& keystore, const std::string& alias) { return entry_of(keystore, alias); }

}  // namespace

TEST_CASE("Java's and Bouncy Castle's keystores are listed entry by entry without a password", "[keystore]") {
  struct Kind {
    const char* type;
    unsigned version;
    bool secret_key;
    const char* scheme;  ///< of the private keys
  };
  const Kind kind =
      GENERATE(Kind{"JKS", 2, false, "JKS key protector"}, Kind{"JCEKS", 2, true, "JCEKS PBEWithMD5AndTripleDES"},
               Kind{"BKS", 2, true, "PBEWithSHAAnd3-KeyTripleDES-CBC"}, Kind{"BKS-V1", 1, true, "PBEWithSHAAnd3-KeyTripleDES-CBC"});
  INFO(kind.type);
  const Keytool keytool;
  keytool.make("store", kind.type, kind.secret_key);
  const Finding found = only_keystore(keytool.file("store"));
  const std::string type = kind.type;
  CHECK(found.attributes["format"] == type.substr(0, type.find('-')));
  CHECK(found.attributes["version"] == kind.version);
  CHECK(found.attributes["encryption"].is_null());
  CHECK(found.attributes["entries"].size() == (kind.secret_key ? 4 : 3));
  for (const char* alias : {"site k\xc3\xa9y", "second"}) {
    const json& key = entry(found, alias);
    CHECK(key["kind"] == "private-key");
    CHECK(key["encryption"]["scheme"] == kind.scheme);
    CHECK(key["created"].get<std::string>().starts_with("20"));
    REQUIRE(key["certificates"].size() == 1);
    CHECK(key["certificates"][0] == keytool.certificate_id("store", kind.type, alias));
  }
  CHECK(entry(found, "trusted")["kind"] == "certificate");
  CHECK(entry(found, "trusted")["certificates"] == entry(found, "second")["certificates"]);
  if (kind.secret_key) {
    const json& secret = entry(found, "session");
    CHECK((secret["kind"] == "secret-key" || secret["kind"] == "sealed"));
    CHECK_FALSE(secret["encryption"].is_null());
  }
  const bool weak = type == "BKS-V1";
  CHECK(has_weakness(found, "weak-mac") == weak);
  CHECK(found.attributes["password"].is_null());
  CHECK(found.attributes["password_tried"] == true);
}

TEST_CASE("a keystore that is encrypted as a whole tells its algorithms", "[keystore]") {
  const Keytool keytool;
  keytool.make("uber", "UBER", true);
  const Finding uber = only_keystore(keytool.file("uber"));
  CHECK(uber.attributes["format"] == "UBER");
  CHECK(uber.attributes["encryption"]["cipher"] == "twofish-cbc");
  CHECK(uber.attributes["entries"].empty());
  keytool.make("fips", "BCFKS", false);
  const Finding fips = only_keystore(keytool.file("fips"));
  CHECK(fips.attributes["format"] == "BCFKS");
  CHECK(fips.attributes["encryption"]["scheme"] == "PBES2");
  CHECK(fips.attributes["integrity"]["algorithm"].get<std::string>().find("SHA512") != std::string::npos);
}

TEST_CASE("PKCS #12 tells its algorithms, and lists what stands in the clear", "[keystore]") {
  const Keytool keytool;
  keytool.make("java.p12", "PKCS12", true);
  const Finding java = only_keystore(keytool.file("java.p12"));
  CHECK(java.attributes["format"] == "PKCS12");
  CHECK(java.attributes["version"] == 3);
  CHECK(java.attributes["encryption"]["scheme"] == "PBES2");
  CHECK(java.attributes["integrity"]["iterations"] == 10000);
  CHECK(entry(java, "second")["kind"] == "private-key");

  const Material material;
  material.key("k", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  material.certificate("k", "-days 9 -subj /CN=p12.example");
  const std::string export_it =
      "pkcs12 -export -inkey " + material.path("k.pem") + " -in " + material.path("k.crt") + " -passout pass:secret-9 -name \"my name\" ";
  material.openssl(export_it + "-certpbe NONE -keypbe AES-256-CBC -out " + material.path("clear.p12"));
  const Finding clear = only_keystore(material.file("clear.p12"));
  REQUIRE(clear.attributes["entries"].size() == 1);
  const json& key = entry(clear, "my name");
  CHECK(key["kind"] == "private-key");
  CHECK(key["certificates"][0] == Digest::sha256_of(as_bytes(material.openssl("x509 -outform DER -in " + material.path("k.crt")))).str());
  CHECK(clear.attributes["encryption"].is_null());

  material.openssl(export_it + "-legacy -nomac -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -out " + material.path("old.p12"));
  const Finding old = only_keystore(material.file("old.p12"));
  const auto weaknesses = old.attributes["weaknesses"].get<std::vector<std::string>>();
  CHECK(std::ranges::find(weaknesses, "weak-cipher") != weaknesses.end());
  CHECK(old.attributes["integrity"].is_null());
  CHECK(old.severity == Severity::medium);
}

TEST_CASE("a trust store of today's Java has neither password nor encryption", "[keystore]") {
  const Keytool keytool;
  const std::string plain = " -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE";
  keytool.run("key", "JKS",
              "-genkeypair -alias ca -keyalg EC -groupname secp256r1 -dname CN=root.example -validity 30 -keypass change-me-not");
  write_file(keytool.path("ca.pem"), keytool.run("key", "JKS", "-exportcert -rfc -alias ca"));
  for (const char* alias : {"one", "two"})
    keytool.run("cacerts", "PKCS12", "-importcert -file " + keytool.path("ca.pem") + " -alias " + alias + plain);
  const Finding found = only_keystore(keytool.file("cacerts"));
  CHECK(found.attributes["entries"].size() == 2);
  CHECK(entry(found, "two")["kind"] == "certificate");
  CHECK(found.attributes["integrity"].is_null());
  CHECK(found.attributes["encryption"].is_null());
  CHECK(found.severity == Severity::info);
}

TEST_CASE("a keystore is found behind other bytes, and each cut of it ends well", "[keystore]") {
  const Keytool keytool;
  keytool.make("store", "JCEKS", true);
  const std::string file = keytool.file("store");
  const Scanned behind = scanner().scan(std::string(1'000'000, 'x') + file + "trailer");
  REQUIRE(behind.of(FindingType::keystore).size() == 1);
  CHECK(behind.of(FindingType::keystore)[0].occurrences[0].offset == 1'000'000);
  CHECK(behind.of(FindingType::keystore)[0].id == Digest::sha256_of(as_bytes(file)).str());
  std::size_t listed = 0;
  for (std::size_t size = 0; size < file.size(); size += 7) {
    const auto cut = read_java_keystore(as_bytes(file).first(size));
    if (!cut) continue;
    CHECK_FALSE(cut->problem.empty());
    CHECK(cut->entries.size() <= 4);
    CHECK(cut->whole.size() <= size);
    ++listed;
  }
  CHECK(listed > 10);
}

TEST_CASE("lies in a keystore's numbers cost nothing", "[keystore]") {
  const std::string head("\xfe\xed\xfe\xed\0\0\0\x02", 8);
  const auto refused = [](const std::string& bytes) { return !read_java_keystore(as_bytes(bytes)); };
  CHECK(refused(head + "\xff\xff\xff\xff" + std::string(100, 'a')));                               // four thousand million entries
  CHECK(refused(head + std::string("\0\0\0\x01\0\0\0\x01\xff\xff", 10) + std::string(100, 'a')));  // an alias beyond the end
  CHECK(refused(head +
                std::string("\0\0\0\x01\0\0\0\x01\0\x01"
                            "a",
                            11) +
                std::string(8, '\0') + "\x7f\xff\xff\xff" + std::string(100, 'a')));
  CHECK(refused(head + std::string("\0\0\0\0", 4)));  // empty, without its end
  CHECK_FALSE(refused(head + std::string("\0\0\0\0", 4) + std::string(20, 'h')));

  const auto octets = [](std::initializer_list<int> bytes) { return std::string(bytes.begin(), bytes.end()); };
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += octets({0x30, 0x80});
  CHECK_FALSE(der_from_ber(as_bytes(nested)));
  CHECK_FALSE(der_from_ber(as_bytes(octets({0x30, 0x84, 0x7f, 0x7f, 0x7f, 0x7f, 0x02}))));
  CHECK_FALSE(der_from_ber(as_bytes(octets({0x30, 0x80, 0x02, 0x01, 0x03}))));
  std::string objects = octets({0xac, 0xed, 0x00, 0x05});
  for (int i = 0; i < 10'000; ++i) objects += octets({0x75, 0x72});
  JavaObject object;
  CHECK_FALSE(skip_java_object(as_bytes(objects), object));
}

TEST_CASE("BER is written again as DER", "[keystore]") {
  const auto octets = [](std::initializer_list<int> bytes) { return std::string(bytes.begin(), bytes.end()); };
  // SEQUENCE of indefinite length { OCTET STRING in two pieces, INTEGER with a long form of its length }
  const std::string ber =
      octets({0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 'a', 0x04, 0x02, 'b', 'c', 0, 0, 0x02, 0x81, 0x01, 0x05, 0, 0}) + "rest";
  const auto der = der_from_ber(as_bytes(ber));
  REQUIRE(der);
  CHECK(as_text(der->der) == octets({0x30, 0x08, 0x04, 0x03, 'a', 'b', 'c', 0x02, 0x01, 0x05}));
  CHECK(der->size == ber.size() - 4);
}

TEST_CASE("what only looks like a keystore is none", "[keystore]") {
  std::string noise;
  for (int i = 0; i < 200'001; ++i) noise += static_cast<char>((i * 2654435761U) >> 11);
  for (const std::string& head :
       {std::string("\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x05", 12), std::string("\xce\xce\xce\xce\0\0\0\x01\0\0\0\x01", 12),
        std::string("\0\0\0\x02\0\0\0\x14", 8) + std::string(20, 's') + std::string("\0\0\x05\x00", 4),
        std::string("\x30\x82\x10\x00\x02\x01\x03\x30\x82\x0f\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 22)}) {
    const Scanned scanned = scanner().scan(head + noise);
    CHECK(scanned.hits > 0);
    for (const Finding& finding : scanned.of(FindingType::keystore)) FAIL_CHECK(finding.title << ' ' << finding.attributes.dump());
    CHECK(scanned.diagnostics.empty());
  }
}

}  // namespace landwaiter::detectors
