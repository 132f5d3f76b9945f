// SPDX-License-Identifier: Apache-2.0
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

Finding only_certificate(const Scanned& scanned) {
  const auto found = scanned.of(FindingType::certificate);
  REQUIRE(found.size() == 1);
  return found[0];
}

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

}  // namespace

TEST_CASE("a certificate's attributes are what openssl was told to put into it", "[certificate]") {
  const Material material;
  material.key("a", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  material.certificate("a",
                       "-utf8 -subj '/C=DE/O=Hafen, Zoll & Söhne/CN=lotse.example' -set_serial 0x0a1b2c3d4e -sha384 -days 30 "
                       "-addext 'subjectAltName=DNS:lotse.example,DNS:*.lotse.example,IP:192.0.2.7,IP:2001:db8::1,email:a@b.example,"
                       "URI:spiffe://x/y' -addext 'extendedKeyUsage=serverAuth,clientAuth,codeSigning,1.2.3.4' "
                       "-addext 'keyUsage=digitalSignature,keyCertSign'");
  const Finding finding = only_certificate(scanner().scan(material.file("a.crt")));
  const json& facts = finding.attributes;
  const std::string der = material.openssl("x509 -in a.crt -outform DER");
  CHECK(finding.id == Digest::sha256_of(as_bytes(der)).str());
  CHECK(finding.severity == Severity::info);
  CHECK(finding.title == "Certificate CN=lotse.example");
  CHECK(finding.occurrences[0].offset == 0);
  CHECK(facts["subject"] == R"(CN=lotse.example,O=Hafen\, Zoll & Söhne,C=DE)");
  CHECK(facts["issuer"] == facts["subject"]);
  CHECK(facts["serial"] == "0a1b2c3d4e");
  CHECK(facts["version"] == 3);
  CHECK(facts["not_before"].get<std::string>().size() == 20);
  CHECK(facts["not_before"].get<std::string>() < facts["not_after"].get<std::string>());
  CHECK(facts["subject_alternative_names"] == json{"DNS:lotse.example", "DNS:*.lotse.example", "IP:192.0.2.7", "IP:2001:db8:0:0:0:0:0:1",
                                                   "email:a@b.example", "URI:spiffe://x/y"});
  CHECK(facts["key_type"] == "EC");
  CHECK(facts["key_size_bits"] == 256);
  CHECK(facts["curve"] == "prime256v1");
  CHECK(facts["signature_algorithm"] == "ecdsa-with-SHA384");
  CHECK(facts["usages"] == json{"server", "client", "code-signing", "ca"});
  CHECK(facts["extended_key_usage"] == json{"serverAuth", "clientAuth", "codeSigning", "1.2.3.4"});
  CHECK(facts["key_usage"] == json{"digitalSignature", "keyCertSign"});
  CHECK(facts["is_ca"] == true);
  CHECK(facts["self_signed"] == true);
  CHECK(facts["self_signature"] == "valid");
  CHECK("spki-sha256:" + facts["spki_sha256"].get<std::string>() == material.key_id("a.pem"));
  CHECK(facts["fingerprint_sha256"] == Digest::sha256_of(as_bytes(der)).hex());
  CHECK(facts["fingerprint_sha1"] == material.openssl("x509 -in a.crt -outform DER | openssl dgst -sha1 -r").substr(0, 40));
  CHECK(facts["encoding"] == "PEM");

  SECTION("the same certificate in DER, in the middle of something, has the same id and facts") {
    const Finding inside =
        only_certificate(scanner().scan("\x7f"
                                        "ELF some bytes" +
                                        der + "and more"));
    json expected = facts;
    expected["encoding"] = "DER";
    CHECK(inside.id == finding.id);
    CHECK(inside.attributes == expected);
    CHECK(inside.occurrences[0].offset == 15);
  }
  SECTION("a signature that its own key did not make is not a self-signature") {
    std::string forged = der;
    forged.back() = static_cast<char>(forged.back() ^ 1);
    const Finding other = only_certificate(scanner().scan(forged));
    CHECK(other.id != finding.id);
    CHECK(other.attributes["self_signature"] == "invalid");
    CHECK(other.attributes["self_signed"] == false);
  }
}

TEST_CASE("certificates of every kind of key are found in PEM and in DER", "[certificate]") {
  struct Kind {
    const char* name;
    const char* genpkey;
    const char* key_type;
    int bits;
    const char* curve;
  };
  const Kind kind =
      GENERATE(Kind{"rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "RSA", 2048, ""},
               Kind{"rsa1024", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "RSA", 1024, ""},
               Kind{"pss", "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "RSA-PSS", 2048, ""},
               Kind{"p384", "-algorithm EC -pkeyopt ec_paramgen_curve:secp384r1", "EC", 384, "secp384r1"},
               Kind{"p521", "-algorithm EC -pkeyopt ec_paramgen_curve:secp521r1", "EC", 521, "secp521r1"},
               Kind{"p192", "-algorithm EC -pkeyopt ec_paramgen_curve:prime192v1", "EC", 192, "prime192v1"},
               Kind{"bp", "-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1", "EC", 256, "brainpoolP256r1"},
               Kind{"explicit", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "EC", 256, "explicit"},
               Kind{"ed25519", "-algorithm ED25519", "Ed25519", 256, ""}, Kind{"ed448", "-algorithm ED448", "Ed448", 456, ""});
  INFO(kind.name);
  const Material material;
  material.key("k", kind.genpkey);
  const bool version1 = GENERATE(false, true);
  const std::string subject = "-subj /CN=x -days 10 ";
  if (version1) {
    // `openssl req -x509` adds extensions; signing a request without any gives a certificate of version 1.
    material.openssl("req -new -key k.pem -subj /CN=x -out k.csr");
    material.openssl("x509 -req -in k.csr -signkey k.pem -days 10 -out k.crt");
  } else {
    material.certificate("k", subject);
  }
  const std::string der = material.openssl("x509 -in k.crt -outform DER");
  for (const std::string& file : {material.file("k.crt"), der, std::string(5, '0') + der + std::string(5, '0')}) {
    const Finding finding = only_certificate(scanner().scan(file));
    CHECK(finding.id == Digest::sha256_of(as_bytes(der)).str());
    CHECK(finding.attributes["key_type"] == kind.key_type);
    CHECK(finding.attributes["key_size_bits"] == kind.bits);
    CHECK(finding.attributes["curve"] == (kind.curve[0] == '\0' ? json(nullptr) : json(kind.curve)));
    CHECK("spki-sha256:" + finding.attributes["spki_sha256"].get<std::string>() == material.key_id("k.pem"));
    CHECK(finding.attributes["self_signature"] == (std::string(kind.name) == "explicit" ? "unchecked" : "valid"));
    const bool weak = kind.bits == 1024 || kind.bits == 192 || std::string(kind.name) == "explicit";
    CHECK(finding.severity == (weak ? Severity::medium : Severity::info));
  }
}

TEST_CASE("a certificate signed by another one is not self-signed, and a weak signature on it matters", "[certificate]") {
  const Material material;
  material.key("ca", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  material.certificate("ca", "-subj /CN=root -sha1 -days 10");
  material.key("leaf", "-algorithm ED25519");
  material.openssl("req -new -key leaf.pem -subj /CN=leaf -out leaf.csr");
  material.openssl("x509 -req -in leaf.csr -CA ca.crt -CAkey ca.pem -CAcreateserial -sha1 -days 10 -out leaf.crt");
  const auto found = scanner().scan(material.file("ca.crt") + material.file("leaf.crt")).of(FindingType::certificate);
  REQUIRE(found.size() == 2);
  CHECK(found[0].attributes["self_signed"] == true);
  CHECK(found[0].severity == Severity::info);
  CHECK(found[1].attributes["self_signed"] == false);
  CHECK(found[1].attributes["self_signature"] == nullptr);
  CHECK(found[1].attributes["is_ca"] == false);
  CHECK(found[1].attributes["issuer"] == "CN=root");
  CHECK(found[1].attributes["weaknesses"] == json{"sha1-signature"});
  CHECK(found[1].severity == Severity::medium);
}

TEST_CASE("other labels, trust settings and damaged neighbors", "[certificate]") {
  const Material material;
  material.key("a", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  material.certificate("a", "-subj /CN=a -days 10");
  const std::string good = material.file("a.crt");
  const std::string id = only_certificate(scanner().scan(good)).id;
  const std::string trusted = material.openssl("x509 -in a.crt -trustout -addtrust serverAuth");
  CHECK(trusted.starts_with("-----BEGIN TRUSTED CERTIFICATE-----"));
  CHECK(only_certificate(scanner().scan(trusted)).id == id);

  const auto with_label = [&](const std::string& label) {
    std::string text = good;
    text.replace(text.find("CERTIFICATE"), 11, label);
    text.replace(text.rfind("CERTIFICATE"), 11, label);
    return text;
  };
  CHECK(only_certificate(scanner().scan(with_label("X509 CERTIFICATE"))).id == id);

  std::string damaged = good;
  damaged[200] = '!';
  std::string unclosed = good.substr(0, good.rfind("-----END"));
  const Scanned scanned = scanner().scan(damaged + unclosed + good);
  CHECK(only_certificate(scanned).id == id);
  REQUIRE(scanned.diagnostics.size() == 2);
  CHECK(scanned.diagnostics[0].code == ErrorCode::malformed);
  CHECK(scanned.diagnostics[1].code == ErrorCode::malformed);
}

TEST_CASE("hostile names cannot steer a terminal", "[certificate]") {
  const Material material;
  material.key("a", "-algorithm ED25519");
  write_file(material.path("c.cnf"), "[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=utf8only\n[dn]\nCN=\x1b[31mred\x07\n");
  material.certificate("a", "-config " + material.path("c.cnf") + " -days 10");
  const Finding finding = only_certificate(scanner().scan(material.file("a.crt")));
  for (const std::string& text : {finding.title, finding.attributes["subject"].get<std::string>()}) {
    CHECK(std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }));
  }
}

}  // namespace landwaiter::detectors
