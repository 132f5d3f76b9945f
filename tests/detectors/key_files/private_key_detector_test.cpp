// SPDX-License-Identifier: Apache-2.0
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

Finding only_key(const Scanned& scanned) {
  const auto found = scanned.of(FindingType::private_key);
  REQUIRE(found.size() == 1);
  CHECK(scanned.diagnostics.empty());
  return found[0];
}

/// What must hold of every finding about this key, whatever it was wrapped in.
void check_key(const std::string& file, const std::string& id, const std::string& encoding, const std::string& format, std::size_t offset) {
  const Finding finding = only_key(scanner().scan(file));
  CHECK(finding.id == id);
  CHECK(finding.attributes["encoding"] == encoding);
  CHECK(finding.attributes["format"] == format);
  CHECK(finding.attributes["encrypted"] == false);
  CHECK(finding.attributes["encryption"] == nullptr);
  CHECK(finding.attributes["consistent"] == true);
  CHECK("spki-sha256:" + finding.attributes["spki_sha256"].get<std::string>() == id);
  CHECK(finding.severity == Severity::high);
  CHECK(finding.occurrences[0].offset == offset);
}

const std::string kBefore =
    "\x7f"
    "ELF\x30\x82 and more ";

struct Kind {
  const char* name;
  const char* genpkey;
  const char* traditional;  ///< the format's name outside PKCS#8, empty when there is none
};

}  // namespace

TEST_CASE("a plain private key is one finding with its public half's identity in any encoding", "[private_key]") {
  const Kind kind =
      GENERATE(Kind{"RSA 2048-bit", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "PKCS#1"},
               Kind{"RSA 512-bit", "-algorithm RSA -pkeyopt rsa_keygen_bits:512", "PKCS#1"},
               Kind{"RSA 1024-bit", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024 -pkeyopt rsa_keygen_primes:2", "PKCS#1"},
               Kind{"RSA 4096-bit", "-algorithm RSA -pkeyopt rsa_keygen_bits:4096 -pkeyopt rsa_keygen_primes:3", "PKCS#1"},
               Kind{"RSA-PSS 2048-bit", "-algorithm RSA-PSS -pkeyopt rsa_pss_keygen_md:sha256", ""},
               Kind{"EC prime256v1", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "SEC1"},
               Kind{"EC secp384r1", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "SEC1"},
               Kind{"EC secp521r1", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "SEC1"},
               Kind{"EC secp256k1", "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "SEC1"},
               Kind{"EC sect571r1", "-algorithm EC -pkeyopt ec_paramgen_curve:sect571r1", "SEC1"},
               Kind{"EC brainpoolP512t1", "-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP512t1", "SEC1"},
               Kind{"EC explicit", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "SEC1"},
               Kind{"Ed25519", "-algorithm ED25519", ""}, Kind{"Ed448", "-algorithm ED448", ""}, Kind{"X25519", "-algorithm X25519", ""},
               Kind{"X448", "-algorithm X448", ""}, Kind{"DH 2048-bit", "-algorithm DH -pkeyopt group:ffdhe2048", ""});
  INFO(kind.name);
  const Material material;
  material.key("k", kind.genpkey);
  const std::string id = material.key_id("k.pem");
  const std::string pem = material.file("k.pem");
  const std::string der = material.openssl("pkcs8 -topk8 -nocrypt -in k.pem -outform DER");
  check_key(pem, id, "PEM", "PKCS#8", 0);
  check_key("key = '''\n" + pem + "'''", id, "PEM", "PKCS#8", 10);
  check_key(der, id, "DER", "PKCS#8", 0);
  check_key(kBefore + der + kBefore, id, "DER", "PKCS#8", kBefore.size());
  CHECK(only_key(scanner().scan(pem)).title.starts_with(std::string(kind.name) + " private key"));
  if (kind.traditional[0] == '\0') return;
  const std::string old_pem = material.openssl("pkey -in k.pem -traditional");
  const std::string old_der = material.openssl("pkey -in k.pem -traditional -outform DER");
  check_key(old_pem, id, "PEM", kind.traditional, 0);
  check_key(old_der, id, "DER", kind.traditional, 0);
  check_key(kBefore + old_der + kBefore, id, "DER", kind.traditional, kBefore.size());
}

TEST_CASE("DSA keys in their own format and in PKCS#8", "[private_key]") {
  const Material material;
  material.openssl("genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -pkeyopt dsa_paramgen_q_bits:160 -out p.pem");
  material.openssl("genpkey -paramfile p.pem -out k.pem");
  const std::string id = material.key_id("k.pem");
  check_key(material.file("k.pem"), id, "PEM", "PKCS#8", 0);
  check_key(material.openssl("pkcs8 -topk8 -nocrypt -in k.pem -outform DER"), id, "DER", "PKCS#8", 0);
  check_key(material.openssl("pkey -in k.pem -traditional"), id, "PEM", "DSA", 0);
  const std::string der = material.openssl("pkey -in k.pem -traditional -outform DER");
  check_key(kBefore + der, id, "DER", "DSA", kBefore.size());
  CHECK(only_key(scanner().scan(der)).attributes["weaknesses"] == json{"dsa-1024"});
}

TEST_CASE("EC keys without their point, and after their parameters", "[private_key]") {
  const Material material;
  material.openssl("ecparam -name prime256v1 -genkey -out k.pem");
  const std::string both = material.file("k.pem");
  CHECK(both.starts_with("-----BEGIN EC PARAMETERS-----"));
  const std::string id = material.key_id("k.pem");
  check_key(both, id, "PEM", "SEC1", both.find("-----BEGIN EC PRIVATE"));
  for (const char* curve : {"prime256v1", "secp521r1", "sect283k1", "secp224r1"}) {
    INFO(curve);
    material.openssl("ecparam -name " + std::string(curve) + " -genkey -noout -out full.pem");
    const std::string bare = material.openssl("ec -in full.pem -no_public -outform DER");
    check_key(bare, material.key_id("full.pem"), "DER", "SEC1", 0);
  }
}

TEST_CASE("keys under a password tell how they are protected and nothing else", "[private_key]") {
  const Material material;
  material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  const auto check = [&](const std::string& file, const std::string& format, const json& encryption) {
    const Finding finding = only_key(scanner().scan(file));
    CHECK(finding.id.starts_with("hmac-sha256:"));
    CHECK(finding.id.size() == 12 + 64);
    CHECK(finding.severity == Severity::medium);
    CHECK(finding.attributes["format"] == format);
    CHECK(finding.attributes["encrypted"] == true);
    CHECK(finding.attributes["spki_sha256"] == nullptr);
    for (const auto& [name, value] : encryption.items()) CHECK(finding.attributes["encryption"][name] == value);
    return finding;
  };
  const std::string topk8 = "pkcs8 -topk8 -in k.pem -passout pass:geheim ";
  const json pbes2{{"scheme", "PBES2"}, {"kdf", "PBKDF2"}, {"prf", "hmacWithSHA256"}, {"iterations", 2048}, {"cipher", "aes-256-cbc"}};
  const std::string pem = material.openssl(topk8);
  const std::string der = *[&] {
    write_file(material.path("e.pem"), pem);
    return run("cd " + shell_quoted(material.path("")) + " && sed -e /-----/d e.pem | base64 -d");
  }();
  const Finding from_pem = check(pem, "PKCS#8 encrypted", pbes2);
  const Finding from_der = check(der, "PKCS#8 encrypted", pbes2);
  CHECK(from_pem.id == from_der.id);
  CHECK(from_pem.attributes["key_type"] == nullptr);
  CHECK(only_key(scanner().scan(kBefore + der + kBefore)).occurrences[0].offset == kBefore.size());

  check(material.openssl(topk8 + "-scrypt"), "PKCS#8 encrypted",
        {{"kdf", "scrypt"}, {"scrypt_n", 16384}, {"scrypt_r", 8}, {"scrypt_p", 1}});
  check(material.openssl(topk8 + "-v2 des3 -v2prf hmacWithSHA1 -iter 500"), "PKCS#8 encrypted",
        {{"prf", "hmacWithSHA1"}, {"iterations", 500}, {"cipher", "des-ede3-cbc"}});
  const Finding old =
      check(material.openssl(topk8 + "-v1 PBE-SHA1-3DES -iter 10"), "PKCS#8 encrypted", {{"kdf", "PKCS12KDF"}, {"iterations", 10}});
  CHECK(old.attributes["weaknesses"] == json{"few-iterations"});

  const Finding traditional = check(material.openssl("rsa -in k.pem -traditional -aes128 -passout pass:geheim"), "traditional encrypted",
                                    {{"kdf", "EVP_BytesToKey-MD5"}, {"cipher", "AES-128-CBC"}, {"iterations", 1}});
  CHECK(traditional.attributes["key_type"] == "RSA");
}

TEST_CASE("OpenSSH keys show their public half with and without a password", "[private_key]") {
  const char* type = GENERATE("rsa", "dsa", "ecdsa -b 256", "ecdsa -b 384", "ecdsa -b 521", "ed25519");
  const bool encrypted = GENERATE(false, true);
  INFO(type << " " << encrypted);
  const Material material;
  const std::string password = encrypted ? "geheim" : "";
  must_run("ssh-keygen -q -t " + std::string(type) + " -C mallory@home -N '" + password + "' -f " + material.path("k"));
  const Finding finding = only_key(scanner().scan(material.file("k")));
  const std::string line = must_run("ssh-keygen -l -f " + material.path("k.pub"));
  CHECK(line.find(" " + finding.attributes["ssh_fingerprint"].get<std::string>() + " ") != std::string::npos);
  CHECK(line.starts_with(std::to_string(finding.attributes["key_size_bits"].get<int>()) + " "));
  CHECK(finding.attributes["format"] == "OpenSSH");
  CHECK(finding.attributes["encrypted"] == encrypted);
  CHECK(finding.attributes["consistent"] == true);
  CHECK(finding.severity == (encrypted ? Severity::medium : Severity::high));
  if (encrypted) {
    CHECK(finding.attributes["encryption"]["kdf"] == "bcrypt");
    CHECK(finding.attributes["encryption"]["cipher"] == "aes256-ctr");
    CHECK(finding.attributes["encryption"]["rounds"] == 16);
  }
  CHECK(json(finding).dump().find("mallory") == std::string::npos);
  // PKCS#8 of the public half comes from ssh-keygen itself, except for Ed25519, which it does not export.
  if (std::string(type) == "ed25519") return;
  must_run("ssh-keygen -e -m PKCS8 -f " + material.path("k.pub") + " > " + material.path("spki.pem"));
  const std::string digest = material.openssl("pkey -pubin -in spki.pem -outform DER | openssl dgst -sha256 -r");
  CHECK(finding.id == "spki-sha256:" + digest.substr(0, 64));
}

TEST_CASE("an Ed25519 key in OpenSSH's format and in PKCS#8 is the same key", "[private_key]") {
  const Material material;
  must_run("ssh-keygen -q -t ed25519 -N '' -f " + material.path("k"));
  const Finding finding = only_key(scanner().scan(material.file("k")));
  // The public key's 32 bytes are the end of the blob in the .pub file.
  const std::string line = material.file("k.pub");
  const Bytes blob = *base64_decode(line.substr(12, line.find(' ', 12) - 12));
  REQUIRE(blob.size() == 51);
  Bytes spki = *hex_decode("302a300506032b6570032100");
  spki.insert(spki.end(), blob.end() - 32, blob.end());
  CHECK(finding.id == "spki-sha" + Digest::sha256_of(spki).str().substr(3));
}

TEST_CASE("nothing private is in a report", "[private_key]") {
  const Material material;
  material.key("k", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
  const std::string text = material.openssl("pkey -in k.pem -noout -text");
  std::string scalar = text.substr(text.find("priv:") + 5, text.find("pub:") - text.find("priv:") - 5);
  std::erase_if(scalar, [](char c) { return c == ':' || c == ' ' || c == '\n'; });
  REQUIRE(scalar.size() == 64);
  const std::string pem = material.file("k.pem");
  std::string damaged = pem;
  damaged[80] = '!';
  const Scanned scanned = scanner().scan(pem + damaged + material.openssl("pkey -in k.pem -outform DER"));
  std::string report;
  for (const Finding& finding : scanned.findings) report += json(finding).dump();
  for (const Diagnostic& diagnostic : scanned.diagnostics) report += diagnostic.message;
  REQUIRE(scanned.findings.size() == 1);
  REQUIRE(scanned.findings[0].occurrences.size() == 2);
  REQUIRE(scanned.diagnostics.size() == 1);
  CHECK(report.find(scalar.substr(0, 16)) == std::string::npos);
  CHECK(report.find(base64_encode(*hex_decode(scalar)).substr(0, 10)) == std::string::npos);
  for (std::size_t at = 30; at + 12 < pem.find("-----END"); at += 12) CHECK(report.find(pem.substr(at, 12)) == std::string::npos);
}

TEST_CASE("numbers that contradict each other are no key in raw bytes, and a doubtful one under a label", "[private_key]") {
  const Material material;
  material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024");
  std::string der = material.openssl("pkey -in k.pem -traditional -outform DER");
  der[20] = static_cast<char>(der[20] ^ 4);  // in the modulus
  CHECK(scanner().scan(der).findings.empty());
  const std::string pem = "-----BEGIN RSA PRIVATE KEY-----\n" + base64_encode(as_bytes(der)) + "\n-----END RSA PRIVATE KEY-----\n";
  const Finding finding = only_key(scanner().scan(pem));
  CHECK(finding.attributes["consistent"] == false);
}

TEST_CASE("the constant prefix of a key in a program is not a key, whatever follows it", "[private_key]") {
  const std::string prefix("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x6e\x04\x22\x04\x20", 16);
  const std::string code("\xe9\x30\0\0\0r\x02\0\0\0\xe9\x10\0\0\0)\x0fr\xb8\0\0\0r\xf0\0\0\0\xda\x11_ze", 32);
  for (const std::string& follows : {code, std::string(32, '\0'), std::string("cannot write the key to the file!")}) {
    CHECK(scanner().scan(prefix + follows + std::string(200, 'x')).findings.empty());
  }
  const Material material;
  material.key("k", "-algorithm X25519");
  const std::string key = material.openssl("pkey -in " + material.path("k.pem") + " -outform DER");
  REQUIRE(key.starts_with(prefix));
  CHECK(only_key(scanner().scan(prefix + code + key)).id == material.key_id("k.pem"));
}

TEST_CASE("bare labels and templates are not keys, and hide no real one", "[private_key]") {
  const Material material;
  material.key("k", "-algorithm ED25519");
  const std::string id = material.key_id("k.pem");
  std::string bare;
  for (const char* label : {"RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"}) {
    bare += "-----BEGIN " + std::string(label) + "-----" + '\0' + "-----END " + label + "-----" + '\0';
    bare += "-----BEGIN " + std::string(label) + "-----\nMIIE...\n-----END " + label + "-----\n";
    bare += "\"-----BEGIN " + std::string(label) + "-----\\n\" + key + \"\\n-----END " + label + "-----\\n\"\n";
  }
  CHECK(scanner().scan(bare).findings.empty());
  CHECK(scanner().scan(bare).diagnostics.empty());
  CHECK(only_key(scanner().scan(bare + material.file("k.pem") + bare)).id == id);
}

TEST_CASE("a PKCS#12 file's protected keys and a bundle's keys and certificates each count once", "[private_key]") {
  const Material material;
  material.key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  material.certificate("k", "-subj /CN=bundle -days 10");
  const Scanned bundle = scanner().scan(material.file("k.crt") + material.file("k.pem") + material.file("k.crt"));
  REQUIRE(bundle.of(FindingType::certificate).size() == 1);
  CHECK(bundle.of(FindingType::certificate)[0].occurrences.size() == 2);
  CHECK(bundle.of(FindingType::private_key).size() == 1);
  const auto key = bundle.of(FindingType::private_key)[0].attributes["spki_sha256"];
  CHECK(bundle.of(FindingType::certificate)[0].attributes["spki_sha256"] == key);
  const std::string store = material.openssl("pkcs12 -export -in k.crt -inkey k.pem -certpbe NONE -passout pass:geheim");
  CHECK(scanner().scan(store).of(FindingType::certificate).size() == 1);
  CHECK(scanner().scan(store).of(FindingType::private_key).size() == 1);
}

}  // namespace landwaiter::detectors
