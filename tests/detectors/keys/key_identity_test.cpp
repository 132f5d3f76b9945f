// SPDX-License-Identifier: Apache-2.0
// A key has one identity, whatever it is written in.
#include "detectors/keys/key_identity.hpp"

#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "core/report/report.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/public_key.hpp"
#include "tests/detectors/support/key_material.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors {
namespace {

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

/// Each key that is found in the file has this identity, and there is one.
void check_id(const std::string& file, const std::string& id) {
  const Scanned scanned = scanner().scan(file);
  std::size_t keys = 0;
  for (const Finding& finding : scanned.findings) {
    INFO(finding.title);
    const bool is_key = finding.type == FindingType::private_key || finding.type == FindingType::public_key;
    const auto hash = finding.attributes.find("spki_sha256");
    if (hash == finding.attributes.end() || hash->is_null()) continue;
    CHECK("spki-sha256:" + hash->get<std::string>() == id);
    if (is_key) CHECK(finding.id == id);
    ++keys;
  }
  CHECK(keys > 0);
}

std::string without_lines(const KeyFolder& folder, const std::string& pem) {
  return folder.sh("sed -e /-----/d " + pem + " | tr -d '\\n'");
}

}  // namespace

TEST_CASE("an RSA key is the same in PKCS#1, PKCS#8, SPKI, OpenSSH, PuTTY, OpenPGP, stores and base64", "[key_identity]") {
  const KeyFolder folder;
  folder.sh("openssl genrsa -out k.pem 2048");
  const std::string id = folder.openssl_id("-in k.pem");
  for (const char* command :
       {"cat k.pem", "openssl pkey -in k.pem -outform DER", "openssl rsa -in k.pem -traditional",
        "openssl rsa -in k.pem -traditional -outform DER", "openssl pkey -in k.pem -pubout", "openssl pkey -in k.pem -pubout -outform DER",
        "openssl rsa -in k.pem -RSAPublicKey_out", "openssl rsa -in k.pem -RSAPublicKey_out -outform DER",
        "openssl req -x509 -key k.pem -subj /CN=a", "openssl req -new -key k.pem -subj /CN=a",
        "openssl req -x509 -key k.pem -subj /CN=a -outform DER", "openssl pkey -in k.pem -outform DER | base64 -w0",
        "openssl pkey -in k.pem -outform DER | od -An -v -tx1 | tr -d ' \\n'",
        "openssl req -x509 -key k.pem -subj /CN=a -out c.pem && openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:changeit",
        "cp k.pem s && chmod 600 s && ssh-keygen -q -p -N '' -f s && cat s", "chmod 600 k.pem && ssh-keygen -y -f k.pem"}) {
    INFO(command);
    check_id(folder.sh(command), id);
  }
}

TEST_CASE("an EC key is the same with a compressed point, in whatever it is", "[key_identity]") {
  const char* curve = GENERATE("prime256v1", "secp384r1", "secp256k1", "brainpoolP256r1", "sect283k1");
  INFO(curve);
  const KeyFolder folder;
  folder.sh("openssl ecparam -name " + std::string(curve) + " -genkey -noout -out k.pem");
  folder.sh("openssl req -x509 -key k.pem -subj /CN=a -out c.pem");
  const std::string id = folder.openssl_id("-in k.pem");
  for (const char* form : {"compressed", "uncompressed", "hybrid"}) {
    INFO(form);
    const std::string converted = "openssl ec -in k.pem -conv_form " + std::string(form);
    folder.sh(converted + " -out f.pem && openssl pkcs8 -topk8 -nocrypt -in f.pem -out f8.pem");
    for (const std::string& command :
         {converted, converted + " -outform DER", converted + " -pubout", converted + " -pubout -outform DER", std::string("cat f8.pem"),
          std::string("openssl pkcs8 -topk8 -nocrypt -in f.pem -outform DER"), std::string("openssl req -x509 -key f.pem -subj /CN=a"),
          std::string("openssl req -new -key f.pem -subj /CN=a -outform DER"),
          std::string("openssl pkcs12 -export -inkey f.pem -in c.pem -passout pass:changeit")}) {
      INFO(command);
      check_id(folder.sh(command), id);
    }
    check_id("key: " + without_lines(folder, "f8.pem") + "\n", id);
  }
}

TEST_CASE("an Ed25519 key is the same in PKCS#8, OpenSSH and with parameters that are NULL", "[key_identity]") {
  const KeyFolder folder;
  folder.sh("openssl genpkey -algorithm ED25519 -out k.pem");
  const std::string id = folder.openssl_id("-in k.pem");
  const std::string der = folder.sh("openssl pkey -in k.pem -pubout -outform DER");
  REQUIRE(der.size() == 44);
  const Bytes null_parameters = *hex_decode("302c300706032b65700500032100");
  const auto key = read_public_key(as_bytes(std::string(as_text(null_parameters)) + der.substr(12)));
  REQUIRE(key);
  CHECK(key->id() == id);
  check_id(folder.file("k.pem"), id);
  check_id(der, id);
  check_id("x = " + without_lines(folder, "k.pem") + "\n", id);
}

TEST_CASE("a point that is not on its curve stays as it is", "[key_identity]") {
  const auto curve = *hex_decode("06082a8648ce3d030107");
  Bytes point(33, 0xff);
  point[0] = 2;
  const auto key = ec_public_key(curve, point);
  REQUIRE(key);
  CHECK(same_bytes(spki_key(key->spki), point));
  CHECK(spki_key(Bytes{0x30, 0x00}).empty());
}

TEST_CASE("bare base64 and hexadecimal of EC keys of any curve", "[key_identity]") {
  const KeyFolder folder;
  std::size_t curves = 0;
  for (const char* curve :
       {"secp160r1", "prime192v1", "secp224r1", "c2tnb191v1", "sect163k1", "brainpoolP192r1", "prime256v1", "secp521r1"}) {
    INFO(curve);
    folder.sh("openssl ecparam -name " + std::string(curve) + " -genkey -noout -out k.pem");
    folder.sh("openssl pkcs8 -topk8 -nocrypt -in k.pem -out k8.pem");
    const std::string id = folder.openssl_id("-in k.pem");
    check_id(without_lines(folder, "k.pem"), id);
    check_id(without_lines(folder, "k8.pem"), id);
    check_id("{\"key\": \"" + without_lines(folder, "k8.pem") + "\"}", id);
    check_id(folder.sh("openssl pkey -in k.pem -pubout -outform DER | base64 -w0"), id);
    check_id(folder.sh("openssl pkcs8 -topk8 -nocrypt -in k.pem -outform DER | od -An -v -tx1 | tr -d ' \\n'"), id);
    ++curves;
  }
  CHECK(curves == 8);
}

TEST_CASE("one key in clear and in a store that opens is in clear, in either order", "[key_identity]") {
  const KeyFolder folder;
  folder.sh("openssl genrsa -out k.pem 2048 && openssl req -x509 -key k.pem -subj /CN=a -out c.pem");
  const std::string store = folder.sh("openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:changeit");
  const std::string plain = folder.file("k.pem");
  for (const std::string& file : {store + "\n" + plain, plain + store}) {
    const auto keys = scanner().scan(file).of(FindingType::private_key);
    std::vector<Finding> same;
    for (const Finding& key : keys) {
      if (key.id == folder.openssl_id("-in k.pem")) same.push_back(key);
    }
    normalize(same);
    REQUIRE(same.size() == 1);
    CHECK(same[0].attributes["encrypted"] == false);
    CHECK(same[0].occurrences.size() == 2);
  }
}

TEST_CASE("requests without a subject, with keys of any size", "[key_identity]") {
  const KeyFolder folder;
  std::size_t kinds = 0;
  for (const char* kind : {"RSA -pkeyopt rsa_keygen_bits:512", "RSA -pkeyopt rsa_keygen_bits:768", "RSA -pkeyopt rsa_keygen_bits:1024",
                           "EC -pkeyopt ec_paramgen_curve:secp160r1", "EC -pkeyopt ec_paramgen_curve:P-224",
                           "EC -pkeyopt ec_paramgen_curve:P-521", "ED25519", "ED448"}) {
    INFO(kind);
    folder.sh("openssl genpkey -algorithm " + std::string(kind) + " -out k.pem");
    const std::string request = folder.sh("openssl req -new -key k.pem -subj / -outform DER");
    const auto found = scanner().scan(request).of(FindingType::certificate_request);
    REQUIRE(found.size() == 1);
    CHECK(found[0].occurrences[0].offset == 0);
    if (kinds == 0) CHECK(found[0].attributes["weaknesses"] == nlohmann::json::array({"rsa-512"}));
    ++kinds;
  }
  CHECK(kinds == 8);
}

}  // namespace landwaiter::detectors
