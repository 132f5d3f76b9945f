// SPDX-License-Identifier: Apache-2.0
#include "core/base/digest.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors {

TEST_CASE("requests, revocation lists and public keys are part of the inventory", "[public_asset]") {
  const Material material;
  const FileScanner scanner;
  material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  const std::string id = material.key_id("k.pem");

  material.openssl("req -new -key k.pem -subj /CN=wanted -out k.csr");
  const auto requests = scanner.scan(material.file("k.csr")).of(FindingType::certificate_request);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].id == Digest::sha256_of(as_bytes(material.openssl("req -in k.csr -outform DER"))).str());
  CHECK(requests[0].attributes["subject"] == "CN=wanted");
  CHECK("spki-sha256:" + requests[0].attributes["spki_sha256"].get<std::string>() == id);

  for (const char* form : {"pkey -in k.pem -pubout", "rsa -in k.pem -RSAPublicKey_out"}) {
    const auto keys = scanner.scan(material.openssl(form)).of(FindingType::public_key);
    REQUIRE(keys.size() == 1);
    CHECK(keys[0].id == id);
    CHECK(keys[0].severity == Severity::info);
    CHECK(keys[0].title == "RSA 2048-bit public key");
  }

  material.certificate("k", "-subj /CN=issuer -days 10");
  write_file(material.path("index.txt"), "");
  write_file(material.path("ca.cnf"), "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=5\n");
  material.openssl("ca -gencrl -config ca.cnf -keyfile k.pem -cert k.crt -out k.crl");
  const auto lists = scanner.scan(material.file("k.crl")).of(FindingType::crl);
  REQUIRE(lists.size() == 1);
  CHECK(lists[0].attributes["issuer"] == "CN=issuer");
  CHECK(lists[0].attributes["revoked_certificates"] == 0);
  CHECK(lists[0].attributes["next_update"].get<std::string>().size() == 20);
}

}  // namespace landwaiter::detectors
