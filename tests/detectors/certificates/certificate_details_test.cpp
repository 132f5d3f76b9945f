// SPDX-License-Identifier: Apache-2.0
// What links certificates, limits them, and names algorithms that OpenSSL 3.0 does not know.
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "detectors/certificates/certificate.hpp"
#include "detectors/certificates/public_roots.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/public_key.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

json facts_of(const std::string& pem) {
  static const FileScanner scanner;
  const auto found = scanner.scan(pem).of(FindingType::certificate);
  REQUIRE(found.size() == 1);
  return found[0].attributes;
}

/// An object identifier's element, written by openssl.
Bytes oid_element(const std::string& oid) {
  const Material material;
  write_file(material.path("c"), "asn1=OID:" + oid + "\n");
  const std::string der = material.openssl("asn1parse -genconf c -noout -out o && cat o");
  return Bytes(as_bytes(der).begin(), as_bytes(der).end());
}

Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

/// A certificate like the given one, but with this algorithm for its key and its signature.
Bytes with_algorithm(const std::string& der, const std::string& oid, std::size_t key_size) {
  const Bytes type = oid_element(oid);
  const Bytes algorithm = der::write(der::kSequence, {type});
  Bytes value(key_size);
  for (std::size_t i = 0; i < key_size; ++i) value[i] = static_cast<std::uint8_t>(i * 167 + 13);
  const Bytes bits = der::write_bit_string(value);
  const Bytes spki = der::write(der::kSequence, {algorithm, bits});
  ByteView fields, tbs;
  REQUIRE(der::Reader(as_bytes(der)).next(der::kSequence, fields));
  REQUIRE(der::Reader(fields).next(der::kSequence, tbs));
  der::Reader reader(tbs);
  der::Element version, serial, signature, issuer, validity, subject, key;
  for (der::Element* element : {&version, &serial, &signature, &issuer, &validity, &subject, &key}) REQUIRE(reader.next(*element));
  const Bytes content = joined({version.whole, serial.whole, algorithm, issuer.whole, validity.whole, subject.whole, spki, reader.rest()});
  return der::write(der::kSequence, {der::write(der::kSequence, {content}), algorithm, bits});
}

}  // namespace

TEST_CASE("identifiers of keys, limits of paths, policies and addresses are those that were asked for", "[certificate]") {
  const Material material;
  material.key("a", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  write_file(material.path("x.cnf"),
             "[req]\ndistinguished_name=n\n[n]\n[x]\nbasicConstraints=critical,CA:true,pathlen:3\nsubjectKeyIdentifier=00:11:22:33\n"
             "authorityKeyIdentifier=keyid:always\ncertificatePolicies=1.2.3.4,2.23.140.1.2.1\ncrlDistributionPoints=URI:http://"
             "crl.example/a.crl\n"
             "authorityInfoAccess=OCSP;URI:http://ocsp.example/,caIssuers;URI:http://ca.example/"
             "a.crt\n1.3.6.1.4.1.11129.2.4.2=ASN1:FORMAT:HEX,OCTETSTRING:0000\n");
  material.certificate("a", "-config x.cnf -extensions x -subj /CN=linked -days 10");
  const json facts = facts_of(material.file("a.crt"));
  CHECK(facts["subject_key_id"] == "00112233");
  CHECK(facts["authority_key_id"] == "00112233");
  CHECK(facts["path_length"] == 3);
  CHECK(facts["policies"] == json::array({"1.2.3.4", "2.23.140.1.2.1"}));
  CHECK(facts["crl_urls"] == json::array({"http://crl.example/a.crl"}));
  CHECK(facts["ocsp_urls"] == json::array({"http://ocsp.example/"}));
  CHECK(facts["issuer_urls"] == json::array({"http://ca.example/a.crt"}));
  CHECK(facts["has_sct"] == true);
  CHECK(facts["public_root"] == false);

  material.openssl("req -x509 -key a.pem -subj /CN=plain -days 10 -config x.cnf -extensions n -out b.crt");
  const json plain = facts_of(material.file("b.crt"));
  for (const char* name : {"subject_key_id", "authority_key_id", "path_length"}) CHECK(plain[name].is_null());
  for (const char* name : {"policies", "crl_urls", "ocsp_urls", "issuer_urls"}) CHECK(plain[name] == json::array());
  CHECK(plain["has_sct"] == false);
}

TEST_CASE("the roots of public programs are known, and others are not", "[certificate]") {
  namespace fs = std::filesystem;
  std::size_t roots = 0;
  REQUIRE(fs::is_directory("/usr/share/ca-certificates/mozilla"));
  for (const auto& entry : fs::directory_iterator("/usr/share/ca-certificates/mozilla")) {
    const json facts = facts_of(read_file(entry.path()));
    INFO(entry.path().string());
    ++roots;
    // A few are signed by an algorithm or size that is not checked, none is not self-signed.
    CHECK(facts["public_root"] == true);
    CHECK(facts["weaknesses"].empty());
  }
  CHECK(roots > 100);
  CHECK_FALSE(is_public_root(std::string(64, '0')));
  CHECK_FALSE(is_public_root(""));
  const Material material;
  material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  material.certificate("k", "-subj /CN=own -days 10");
  CHECK(facts_of(material.file("k.crt"))["public_root"] == false);
  material.certificate("k", "-subj /CN=own -days 10 -addext basicConstraints=CA:false");
  CHECK(facts_of(material.file("k.crt"))["public_root"].is_null());
}

TEST_CASE("certificates of algorithms that OpenSSL does not know are reported by their names", "[certificate]") {
  const Material material;
  material.key("k", "-algorithm ED25519");
  material.certificate("k", "-subj /CN=tomorrow -days 10");
  const std::string der = material.openssl("x509 -in k.crt -outform DER");
  struct Row {
    const char* oid;
    const char* name;
    std::size_t key_size;
  };
  const FileScanner scanner;
  std::size_t seen = 0;
  for (const Row& row : {Row{"2.16.840.1.101.3.4.3.17", "ML-DSA-44", 1312}, Row{"2.16.840.1.101.3.4.3.18", "ML-DSA-65", 1952},
                         Row{"2.16.840.1.101.3.4.3.19", "ML-DSA-87", 2592}, Row{"2.16.840.1.101.3.4.3.20", "SLH-DSA-SHA2-128s", 32},
                         Row{"2.16.840.1.101.3.4.3.31", "SLH-DSA-SHAKE-256f", 64}, Row{"2.16.840.1.101.3.4.4.1", "ML-KEM-512", 800},
                         Row{"2.16.840.1.101.3.4.4.3", "ML-KEM-1024", 1568}, Row{"1.2.840.113549.1.9.16.3.17", "HSS-LMS", 60},
                         Row{"1.3.6.1.5.5.7.6.34", "XMSS", 68}, Row{"1.3.9999.3.11", "Falcon-512", 897},
                         Row{"1.3.6.1.5.5.7.6.45", "MLDSA65-ECDSA-P256-SHA512", 2017},
                         Row{"1.2.643.7.1.1.1.1", "GOST R 34.10-2012-256", 66}, Row{"1.2.3.4.5", "1.2.3.4.5", 50}}) {
    INFO(row.name);
    const Bytes certificate = with_algorithm(der, row.oid, row.key_size);
    const auto found = scanner.scan("before" + std::string(as_text(certificate)) + "after").of(FindingType::certificate);
    REQUIRE(found.size() == 1);
    const json& facts = found[0].attributes;
    CHECK(facts["key_type"] == row.name);
    CHECK(facts["key_size_bits"].is_null());
    CHECK(facts["subject"] == "CN=tomorrow");
    CHECK(facts["self_signature"] == "unchecked");
    CHECK(facts["spki_sha256"].is_string());
    CHECK(facts["key_hash"].is_null());
    CHECK(facts["weaknesses"].empty());
    // GOST's names of signatures are OpenSSL's own.
    if (std::string(row.name).find("GOST") == std::string::npos) CHECK(facts["signature_algorithm"] == row.name);
    ++seen;
  }
  CHECK(seen == 13);
}

TEST_CASE("curves have their names", "[certificate]") {
  const Material material;
  for (const char* curve : {"brainpoolP256r1", "brainpoolP384t1", "SM2", "secp256k1", "prime192v1", "sect283r1"}) {
    INFO(curve);
    material.key("k", std::string("-algorithm EC -pkeyopt ec_paramgen_curve:") + curve);
    material.certificate("k", "-subj /CN=curve -days 10");
    const json facts = facts_of(material.file("k.crt"));
    CHECK(facts["key_type"] == "EC");
    CHECK(facts["curve"] == curve);
    CHECK(facts["weaknesses"] == (std::string(curve) == "prime192v1" ? json::array({"ec-192"}) : json::array()));
  }
}

}  // namespace landwaiter::detectors
