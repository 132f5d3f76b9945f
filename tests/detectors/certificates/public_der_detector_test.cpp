// SPDX-License-Identifier: Apache-2.0
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/public_key.hpp"
#include "tests/detectors/support/everywhere.hpp"
#include "tests/detectors/support/material.hpp"

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

std::string digest_id(const std::string& bytes) { return Digest::sha256_of(as_bytes(bytes)).str(); }

/// An authority k with one certificate that openssl ca issued and revoked; and its lists.
struct Authority {
  Material material;

  explicit Authority(const std::string& extensions = "") {
    material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    material.certificate("k", "-subj '/O=Office/CN=issuer' -days 10");
    write_file(material.path("index.txt"), "");
    write_file(material.path("serial"), "1000\n");
    write_file(material.path("number"), "01\n");
    write_file(material.path("ca.cnf"),
               "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
               "default_crl_days=5\ndefault_days=5\npolicy=p\n" +
                   extensions + "\n[p]\ncommonName=supplied\n[x]\nauthorityKeyIdentifier=keyid\n");
  }

  /// Makes leaf.crt.
  void issue() const {
    material.key("l", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    material.openssl("req -new -key l.pem -subj /CN=leaf -out l.csr");
    material.openssl("ca -batch -config ca.cnf -keyfile k.pem -cert k.crt -in l.csr -out leaf.crt");
  }

  std::string list() const { return material.openssl("ca -gencrl -config ca.cnf -keyfile k.pem -cert k.crt | openssl crl -outform DER"); }
};

std::string spki_of(const Material& material, const std::string& key) {
  return material.openssl("pkey -in " + key + " -pubout -outform DER");
}

}  // namespace

TEST_CASE("requests in DER are found, and their keys not once more", "[public_der]") {
  const Material material;
  std::size_t seen = 0;
  for (const char* options :
       {"-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "-algorithm ED25519"}) {
    for (const char* subject : {"/CN=wanted", "/C=DE/O=A long name of an organization that goes on for some time/CN=wanted", "/"}) {
      INFO(options << ' ' << subject);
      material.key("k", options);
      const std::string der = material.openssl("req -new -key k.pem -subj '" + std::string(subject) + "' -outform DER");
      const Finding request = found_everywhere(scanner(), der, FindingType::certificate_request, digest_id(der));
      CHECK("spki-sha256:" + request.attributes["spki_sha256"].get<std::string>() == material.key_id("k.pem"));
      CHECK(request.attributes["encoding"] == "DER");
      CHECK(request.attributes["weaknesses"].empty());
      CHECK(scanner().scan(der).findings.size() == 1);
      ++seen;
    }
  }
  CHECK(seen == 9);
  const std::string der = material.openssl("req -new -key k.pem -subj /CN=cut -outform DER");
  check_cut_is_silent(scanner(), der, FindingType::certificate_request);
  material.key("r", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  const auto weak =
      scanner().scan(material.openssl("req -new -sha1 -key r.pem -subj /CN=old -outform DER")).of(FindingType::certificate_request);
  REQUIRE(weak.size() == 1);
  CHECK(weak[0].attributes["weaknesses"] == json::array({"sha1-signature"}));
}

TEST_CASE("revocation lists in DER are found in both versions", "[public_der]") {
  for (const char* extensions : {"", "crl_extensions=x\ncrlnumber=number"}) {
    INFO(extensions);
    const Authority authority(extensions);
    authority.issue();
    authority.material.openssl("ca -config ca.cnf -keyfile k.pem -cert k.crt -revoke leaf.crt");
    const std::string der = authority.list();
    const Finding list = found_everywhere(scanner(), der, FindingType::crl, digest_id(der));
    CHECK(list.attributes["issuer"] == "CN=issuer,O=Office");
    CHECK(list.attributes["revoked_certificates"] == 1);
    CHECK(list.attributes["signature_algorithm"] == "sha256WithRSAEncryption");
    CHECK(list.attributes["signature_hash"] == "SHA256");
    CHECK(list.attributes["next_update"].get<std::string>() > list.attributes["this_update"].get<std::string>());
    check_cut_is_silent(scanner(), der, FindingType::crl);
  }
}

TEST_CASE("a revocation list that is larger than a window is read as a whole", "[public_der]") {
  const Authority authority("crl_extensions=x\ncrlnumber=number");
  std::string index;
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; ++i) {
    const std::string serial = hex_encode(as_bytes(std::to_string(100'000 + i)));
    index += "R\t330101000000Z\t260101000000Z\t" + serial + "\tunknown\t/CN=x\n";
  }
  write_file(authority.material.path("index.txt"), index);
  const std::string der = authority.list();
  REQUIRE(der.size() > 400'000);
  for (const std::size_t before : {std::size_t{0}, std::size_t{900'000}, std::size_t{1} << 20}) {
    const Scanned scanned = scanner().scan(std::string(before, '.') + der + std::string(3 << 20, '.'));
    const Finding list = found_at(scanned, FindingType::crl, digest_id(der), before);
    CHECK(list.attributes["revoked_certificates"] == kCount);
  }
  // Its end is missing: nothing is claimed.
  CHECK(scanner().scan(der.substr(0, der.size() - 1)).of(FindingType::crl).empty());
}

TEST_CASE("OCSP responses are found", "[public_der]") {
  const Authority authority;
  authority.issue();
  const Material& material = authority.material;
  material.openssl("ocsp -issuer k.crt -cert leaf.crt -reqout q.der -no_nonce");
  for (const char* id : {"", "-resp_key_id "}) {
    material.openssl("ocsp -index index.txt -rsigner k.crt -rkey k.pem -CA k.crt -reqin q.der -ndays 3 -respout r.der " + std::string(id));
    const std::string der = material.file("r.der");
    const Finding response = found_everywhere(scanner(), der, FindingType::ocsp_response, digest_id(der));
    const std::string responder = response.attributes["responder"];
    CHECK((*id == '\0' ? responder == "CN=issuer,O=Office" : responder.starts_with("key ") && responder.size() == 44));
    CHECK(response.attributes["certificates_answered"] == 1);
    CHECK(response.attributes["statuses"][0]["status"] == "good");
    CHECK(response.attributes["statuses"][0]["serial"] == "1000");
    CHECK(response.attributes["statuses"][0]["next_update"].is_string());
    CHECK(response.attributes["signature_algorithm"] == "sha256WithRSAEncryption");
    CHECK(response.attributes["produced_at"].get<std::string>().size() == 20);
    CHECK(response.attributes["weaknesses"].empty());
    check_cut_is_silent(scanner(), der, FindingType::ocsp_response, 3);
  }
  material.openssl("ca -config ca.cnf -keyfile k.pem -cert k.crt -revoke leaf.crt");
  material.openssl("ocsp -index index.txt -rsigner k.crt -rkey k.pem -CA k.crt -reqin q.der -rmd sha1 -respout r.der");
  const auto revoked = scanner().scan(material.file("r.der")).of(FindingType::ocsp_response);
  REQUIRE(revoked.size() == 1);
  CHECK(revoked[0].attributes["statuses"][0]["status"] == "revoked");
  CHECK(revoked[0].attributes["statuses"][0]["next_update"].is_null());
  CHECK(revoked[0].attributes["weaknesses"] == json::array({"sha1-signature"}));
}

TEST_CASE("public keys in DER are found", "[public_der]") {
  const Material material;
  std::size_t seen = 0;
  for (const char* options :
       {"-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "-algorithm RSA -pkeyopt rsa_keygen_bits:4096",
        "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
        "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1",
        "-algorithm EC -pkeyopt ec_paramgen_curve:SM2", "-algorithm ED25519", "-algorithm ED448", "-algorithm X25519", "-algorithm X448"}) {
    INFO(options);
    material.key("k", options);
    const std::string der = spki_of(material, "k.pem");
    const Finding key = found_everywhere(scanner(), der, FindingType::public_key, material.key_id("k.pem"));
    CHECK(key.attributes["encoding"] == "DER");
    check_cut_is_silent(scanner(), der, FindingType::public_key);
    ++seen;
  }
  CHECK(seen == 13);
  for (const int bits : {1024, 2048, 3072, 4096}) {
    material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:" + std::to_string(bits));
    const std::string der = material.openssl("rsa -in k.pem -RSAPublicKey_out -outform DER");
    found_everywhere(scanner(), der, FindingType::public_key, material.key_id("k.pem"));
  }
}

TEST_CASE("the key inside a certificate or a private key is no public key of its own", "[public_der]") {
  const Material material;
  std::size_t seen = 0;
  for (const char* options :
       {"-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "-algorithm ED25519"}) {
    material.key("k", options);
    for (const char* command :
         {"req -x509 -key k.pem -subj /CN=a -outform DER", "pkey -in k.pem -outform DER", "req -new -key k.pem -subj /CN=a -outform DER"}) {
      const std::string der = material.openssl(command);
      INFO(options << ' ' << command);
      CHECK(scanner().scan("before" + der + "after").of(FindingType::public_key).empty());
      // Neither when the end of the certificate is missing.
      CHECK(scanner().scan(der.substr(0, der.size() - 10)).of(FindingType::public_key).empty());
      ++seen;
    }
  }
  CHECK(seen == 9);
}

TEST_CASE("what only has a key's structure is silent", "[public_der]") {
  const Material material;
  material.key("r", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  material.key("e", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  material.key("d", "-algorithm ED25519");
  const std::string rsa = spki_of(material, "r.pem"), ec = spki_of(material, "e.pem"), ed = spki_of(material, "d.pem");
  const std::string rsa_even = rsa.substr(0, rsa.size() - 6) + std::string(1, '\x02') + rsa.substr(rsa.size() - 5);
  const std::string off_curve = ec.substr(0, ec.size() - 1) + static_cast<char>(ec.back() ^ 1);
  const std::string text = ed.substr(0, ed.size() - 32) + "a constant's prefix, then text..";
  const std::string zeros = ed.substr(0, ed.size() - 32) + std::string(32, '\0');
  for (const std::string& bytes : {rsa_even, off_curve, text, zeros}) {
    REQUIRE(bytes.size() >= ed.size());
    CHECK(scanner().scan(bytes).findings.empty());
    CHECK(scanner().scan(bytes).diagnostics.empty());
  }
}

TEST_CASE("Diffie-Hellman parameters are a configuration, short ones a weak one", "[public_asset]") {
  const Material material;
  const auto described = [&](const std::string& pem) {
    const auto found = scanner().scan("before\n" + pem).of(FindingType::crypto_configuration);
    REQUIRE(found.size() == 1);
    return found[0];
  };
  const Finding good = described(material.openssl("genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048"));
  CHECK(good.attributes["key_size_bits"] == 2048);
  CHECK(good.attributes["weaknesses"].empty());
  const Finding weak = described(material.openssl("dhparam -dsaparam 1024"));
  CHECK(weak.title == "Diffie-Hellman parameters of 1024 bits");
  CHECK(weak.attributes["weaknesses"] == json::array({"short-dh"}));
  CHECK(described(material.openssl("genpkey -genparam -algorithm DHX -pkeyopt dh_rfc5114:1")).attributes["weaknesses"] ==
        json::array({"short-dh"}));
}

}  // namespace landwaiter::detectors
