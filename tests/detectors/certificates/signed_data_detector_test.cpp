// SPDX-License-Identifier: Apache-2.0
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "detectors/walk/layer_scanner.hpp"
#include "tests/detectors/support/everywhere.hpp"
#include "tests/detectors/support/material.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

std::string digest_id(const std::string& bytes) { return Digest::sha256_of(as_bytes(bytes)).str(); }

struct Signer : Material {
  std::string certificate_id;
  Signer() {
    key("k", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    certificate("k", "-subj '/O=Office/CN=signer' -set_serial 0x1234 -days 10");
    certificate_id = digest_id(openssl("x509 -in k.crt -outform DER"));
    write_file(path("m"), "what is signed\n");
  }
};

Finding only_signature(const Scanned& scanned) {
  const auto found = scanned.of(FindingType::signed_data);
  REQUIRE(found.size() == 1);
  return found[0];
}

void put_u16(std::string& bytes, std::size_t at, unsigned value) {
  bytes[at] = static_cast<char>(value);
  bytes[at + 1] = static_cast<char>(value >> 8);
}
void put_u32(std::string& bytes, std::size_t at, unsigned value) {
  put_u16(bytes, at, value & 0xffff);
  put_u16(bytes, at + 2, value >> 16);
}

/// The least that osslsigncode takes for a program: headers of PE32+ and one section that returns.
std::string tiny_program() {
  std::string out(1024, '\0');
  constexpr std::size_t kPe = 64, kOptional = kPe + 24, kSection = kOptional + 240;
  out.replace(0, 2, "MZ");
  put_u32(out, 60, kPe);
  out.replace(kPe, 2, "PE");
  put_u16(out, kPe + 4, 0x8664);
  put_u16(out, kPe + 6, 1);
  put_u16(out, kPe + 20, 240);
  put_u16(out, kPe + 22, 0x22);
  put_u16(out, kOptional, 0x20b);
  put_u32(out, kOptional + 16, 0x1000);
  put_u32(out, kOptional + 32, 0x1000);
  put_u32(out, kOptional + 36, 512);
  put_u32(out, kOptional + 56, 0x2000);
  put_u32(out, kOptional + 60, 512);
  put_u16(out, kOptional + 68, 3);
  put_u32(out, kOptional + 108, 16);
  out.replace(kSection, 5, ".text");
  put_u32(out, kSection + 8, 512);
  put_u32(out, kSection + 12, 0x1000);
  put_u32(out, kSection + 16, 512);
  put_u32(out, kSection + 20, 512);
  out[512] = '\xc3';
  return out;
}

/// The report of a layer with one file in it.
LayerReport report_of(const std::string& folder, const std::string& file) {
  const std::string blob = must_run("tar -C " + shell_quoted(folder) + " -cf - " + file);
  const auto engine = Engine::create({.try_passwords = true}).value();
  LayerScanner layers(engine);
  MemorySource source(as_bytes(blob));
  ScanProgress progress;
  auto scanned = layers.scan(source, Digest::sha256_of(as_bytes(blob)), blob.size(), kAllAnalyses, progress, {}).value();
  return std::move(scanned.reports.at(0));
}

std::vector<Finding> of(const LayerReport& report, FindingType type) {
  std::vector<Finding> out;
  for (const Finding& finding : report.findings) {
    if (finding.type == type) out.push_back(finding);
  }
  return out;
}

}  // namespace

TEST_CASE("signed messages are found and described", "[signed_data]") {
  const Signer signer;
  for (const bool detached : {false, true}) {
    const std::string der =
        signer.openssl("cms -sign -in m -signer k.crt -inkey k.pem -md sha384 -outform DER" + std::string(detached ? "" : " -nodetach"));
    const Finding found = found_everywhere(scanner(), der, FindingType::signed_data, digest_id(der));
    CHECK(found.attributes["content"] == "signed-data");
    CHECK(found.attributes["content_type"] == "data");
    CHECK(found.attributes["detached"] == detached);
    CHECK(found.attributes["certificates"] == 1);
    CHECK(found.attributes["crls"] == 0);
    CHECK(found.attributes["signers_count"] == 1);
    const json& by = found.attributes["signers"][0];
    CHECK(by["issuer"] == "CN=signer,O=Office");
    CHECK(by["serial"] == "1234");
    CHECK(by["digest_algorithm"] == "SHA384");
    CHECK(by["signature_algorithm"] == "rsaEncryption");
    CHECK(by["signing_time"].get<std::string>().size() == 20);
    CHECK(by["timestamped"] == false);
    CHECK(found.attributes["container"].is_null());
    CHECK(found.attributes["weaknesses"].empty());
    CHECK(scanner().scan(der).of(FindingType::certificate).at(0).id == signer.certificate_id);
    check_cut_is_silent(scanner(), der, FindingType::signed_data, 3);
  }
  const std::string by_key = signer.openssl("cms -sign -in m -signer k.crt -inkey k.pem -keyid -md sha1 -nocerts -noattr -outform DER");
  const Finding old = found_everywhere(scanner(), by_key, FindingType::signed_data, digest_id(by_key));
  CHECK(old.attributes["signers"][0]["subject_key_id"].get<std::string>().size() == 40);
  CHECK(old.attributes["signers"][0]["signing_time"].is_null());
  CHECK(old.attributes["certificates"] == 0);
  CHECK(old.attributes["weaknesses"] == json::array({"sha1-signature"}));
}

TEST_CASE("encrypted messages are found and described", "[signed_data]") {
  const Signer signer;
  const std::string der = signer.openssl("cms -encrypt -in m -aes-256-cbc -outform DER k.crt");
  const Finding found = found_everywhere(scanner(), der, FindingType::signed_data, digest_id(der));
  CHECK(found.attributes["content"] == "enveloped-data");
  CHECK(found.attributes["content_encryption"] == "aes-256-cbc");
  CHECK(found.attributes["recipients_count"] == 1);
  CHECK(found.attributes["recipients"][0]["kind"] == "key-transport");
  CHECK(found.attributes["recipients"][0]["serial"] == "1234");
  CHECK(found.attributes["recipients"][0]["key_encryption"] == "rsaEncryption");
  CHECK(found.attributes["weaknesses"].empty());
  const auto weaknesses = [&](const std::string& options) {
    return only_signature(scanner().scan(signer.openssl("cms -encrypt -in m -outform DER " + options))).attributes["weaknesses"];
  };
  CHECK(weaknesses("-des3 k.crt") == json::array({"3des"}));
  CHECK(weaknesses("-provider legacy -provider default -rc2-40 k.crt") == json::array({"weak-cipher"}));
  const auto password = only_signature(scanner().scan(signer.openssl("cms -encrypt -in m -outform DER -pwri_password x -aes128")));
  CHECK(password.attributes["recipients"][0]["kind"] == "password");
  const auto authenticated = only_signature(scanner().scan(signer.openssl("cms -encrypt -in m -outform DER -aes-256-gcm k.crt")));
  CHECK(authenticated.attributes["content"] == "authenticated-enveloped-data");
  CHECK(authenticated.attributes["content_encryption"] == "aes-256-gcm");
}

TEST_CASE("PEM blocks of PKCS7 and CMS give the signature and its certificates", "[signed_data]") {
  const Signer signer;
  signer.openssl("crl2pkcs7 -nocrl -certfile k.crt -out b.p7b");
  signer.openssl("cms -sign -in m -signer k.crt -inkey k.pem -outform PEM -out s.pem");
  for (const char* name : {"b.p7b", "s.pem"}) {
    INFO(name);
    const Scanned scanned = scanner().scan("text\n" + signer.file(name));
    const Finding found = only_signature(scanned);
    CHECK(found.occurrences[0].offset == 5);
    CHECK(found.attributes["wrapped_in"] == json::array({"pem"}));
    REQUIRE(scanned.of(FindingType::certificate).size() == 1);
    CHECK(scanned.of(FindingType::certificate)[0].id == signer.certificate_id);
    CHECK(scanned.diagnostics.empty());
  }
  CHECK(only_signature(scanner().scan(signer.file("b.p7b"))).title == "Bundle of 1 certificate (PKCS#7)");
  const std::string wrong = "-----BEGIN PKCS7-----\n" + std::string(80, 'A') + "\n-----END PKCS7-----\n";
  CHECK(scanner().scan(wrong).diagnostics.size() == 1);
  CHECK(scanner().scan(wrong).findings.empty());
}

TEST_CASE("what is written as a stream, in BER, is read like DER", "[signed_data]") {
  const Signer signer;
  const std::string sign = "cms -sign -in m -signer k.crt -inkey k.pem -stream ";
  for (const char* form :
       {"-outform DER", "-nodetach -outform DER", "-nodetach -outform PEM", "-outform DER -keyid", "-nodetach -nocerts -outform DER"}) {
    INFO(form);
    const std::string message = signer.openssl(sign + form);
    const Scanned scanned = scanner().scan("before" + message + "after");
    const Finding found = only_signature(scanned);
    CHECK(scanned.diagnostics.empty());
    CHECK(found.attributes["encoding"] == "BER");
    CHECK(found.attributes["signers"][0]["digest_algorithm"] == "SHA256");
    CHECK(found.attributes["detached"] == false);
    CHECK(found.occurrences[0].offset == 6);
    CHECK(scanned.of(FindingType::certificate).size() == (std::string(form).find("-nocerts") == std::string::npos ? 1 : 0));
  }
  const Finding encrypted =
      only_signature(scanner().scan(signer.openssl("cms -encrypt -in m -stream -aes-256-cbc -outform DER -recip k.crt")));
  CHECK(encrypted.attributes["content"] == "enveloped-data");
  CHECK(encrypted.attributes["recipients_count"] == 1);
}

TEST_CASE("BER that is longer than a window is read as a whole, and told of when it is cut", "[signed_data]") {
  const Signer signer;
  write_file(signer.path("m"), std::string(3 << 20, 'm'));
  const std::string message = signer.openssl("cms -sign -binary -in m -signer k.crt -inkey k.pem -nodetach -stream -outform DER");
  CHECK(only_signature(scanner().scan(std::string(1'000'000, '.') + message + std::string(1 << 20, '.'))).attributes["encoding"] == "BER");
  const Scanned cut = scanner().scan(message.substr(0, message.size() / 2));
  CHECK(cut.of(FindingType::signed_data).empty());
  REQUIRE(cut.diagnostics.size() == 1);
  CHECK(cut.diagnostics[0].message.find("cut short") != std::string::npos);
}

TEST_CASE("a message that is larger than a window is read as a whole", "[signed_data]") {
  const Signer signer;
  write_file(signer.path("m"), std::string(3 << 20, 'm'));
  const std::string der = signer.openssl("cms -sign -binary -in m -signer k.crt -inkey k.pem -nodetach -outform DER");
  for (const std::size_t before : {std::size_t{0}, std::size_t{1'000'000}}) {
    found_at(scanner().scan(std::string(before, '.') + der + std::string(1 << 20, '.')), FindingType::signed_data, digest_id(der), before);
  }
}

TEST_CASE("a kernel module's signature is known by what follows it", "[signed_data]") {
  const Signer signer;
  const std::string der = signer.openssl("cms -sign -binary -in m -signer k.crt -inkey k.pem -nocerts -noattr -md sha512 -outform DER");
  const std::string module =
      "\x7f"
      "ELF" +
      std::string(5000, 'x') + der + std::string(12, '\0') + "~Module signature appended~\n";
  CHECK(only_signature(scanner().scan(module)).attributes["container"] == "kernel-module");
}

TEST_CASE("a signed program holds a signature of Authenticode", "[signed_data]") {
  const Signer signer;
  write_file(signer.path("a.exe"), tiny_program());
  must_run("osslsigncode sign -certs " + signer.path("k.crt") + " -key " + signer.path("k.pem") + " -in " + signer.path("a.exe") +
           " -out " + signer.path("s.exe"));
  const Scanned scanned = scanner().scan(signer.file("s.exe"));
  const Finding found = only_signature(scanned);
  CHECK(found.attributes["container"] == "pe");
  CHECK(found.attributes["content_type"] == "authenticode");
  CHECK(found.attributes["signers"][0]["serial"] == "1234");
  CHECK(scanned.of(FindingType::certificate).at(0).id == signer.certificate_id);
  // The same signature outside of a program.
  const std::string bytes = signer.file("s.exe");
  CHECK(only_signature(scanner().scan(bytes.substr(found.occurrences[0].offset))).attributes["container"].is_null());
}

TEST_CASE("a signed JAR gives its signature and its certificate, in the entry that holds them", "[signed_data]") {
  const TemporaryFolder folder;
  const auto in_folder = [&](const std::string& command) {
    return must_run("cd " + shell_quoted(folder.path().string()) + " && " + command);
  };
  std::size_t seen = 0;
  for (const char* algorithm : {"RSA", "EC", "DSA"}) {
    INFO(algorithm);
    in_folder(std::string("rm -f * && echo class > A.class && keytool -genkeypair -alias a -dname CN=jar -storepass changeit -keystore "
                          "k.p12 -validity 10 -keyalg ") +
              algorithm);
    in_folder("jar cf a.jar A.class && jarsigner -keystore k.p12 -storepass changeit a.jar a");
    const std::string certificate = in_folder("keytool -exportcert -alias a -storepass changeit -keystore k.p12");
    const LayerReport report = report_of(folder.path().string(), "a.jar");
    const auto signatures = of(report, FindingType::signed_data);
    REQUIRE(signatures.size() == 1);
    CHECK(signatures[0].attributes["container"] == "jar");
    CHECK(signatures[0].attributes["detached"] == true);
    CHECK(signatures[0].occurrences.at(0).path == "a.jar");
    CHECK(signatures[0].occurrences[0].archive == std::vector<std::string>{std::string("META-INF/A.") + algorithm});
    const auto certificates = of(report, FindingType::certificate);
    REQUIRE(certificates.size() == 1);
    CHECK(certificates[0].id == digest_id(certificate));
    CHECK(of(report, FindingType::public_key).empty());
    ++seen;
  }
  CHECK(seen == 3);
}

TEST_CASE("a signed APK gives its schemes and its certificate", "[signed_data]") {
  const TemporaryFolder folder;
  const auto in_folder = [&](const std::string& command) {
    return must_run("cd " + shell_quoted(folder.path().string()) + " && " + command);
  };
  in_folder("keytool -genkeypair -alias a -dname CN=apk -storepass changeit -keystore k.p12 -validity 10 -keyalg RSA");
  // An entry of 2 MiB that does not compress, so that the block lies far behind the first window.
  in_folder("echo class > classes.dex && openssl rand 2000000 > noise && zip -q a.apk classes.dex noise");
  in_folder(
      "apksigner sign --ks k.p12 --ks-pass pass:changeit --min-sdk-version 24 --v1-signing-enabled false --v3-signing-enabled true a.apk");
  const std::string certificate = in_folder("keytool -exportcert -alias a -storepass changeit -keystore k.p12");
  const LayerReport report = report_of(folder.path().string(), "a.apk");
  std::vector<std::string> schemes;
  for (const Finding& signature : of(report, FindingType::signed_data)) {
    CHECK(signature.attributes["container"] == "apk");
    CHECK(signature.attributes["signers"][0]["certificates"] == 1);
    CHECK(signature.attributes["signers"][0]["signature_algorithms"] == json::array({"RSASSA-PKCS1-v1_5 with SHA256"}));
    schemes.push_back(signature.attributes["scheme"]);
  }
  std::ranges::sort(schemes);
  CHECK(schemes == std::vector<std::string>{"v2", "v3"});
  CHECK(of(report, FindingType::certificate).at(0).id == digest_id(certificate));

  const std::string apk = read_file(folder / "a.apk");
  const std::string id("\x1a\x87\x09\x71", 4);
  const std::size_t at = apk.find(std::string(4, '\0') + id);
  REQUIRE(at != std::string::npos);
  const std::string pair = apk.substr(at - 4, 2000);
  CHECK(scanner().scan(pair).of(FindingType::signed_data).size() == 1);
  check_cut_is_silent(scanner(), pair.substr(0, 900), FindingType::signed_data, 7);
  for (std::size_t i = 0; i < 60; ++i) {
    std::string lied = pair;
    lied[i] = '\xff';
    (void)scanner().scan(lied);
  }
}

TEST_CASE("hostile signatures are silent", "[signed_data]") {
  const Signer signer;
  const std::string der = signer.openssl("cms -sign -in m -signer k.crt -inkey k.pem -outform DER");
  std::size_t claimed = 0;
  for (std::size_t at = 0; at < der.size(); ++at) {
    for (const char value : {'\x00', '\x7f', '\x80', '\x84', '\xff'}) {
      std::string bytes = der;
      bytes[at] = value;
      claimed += scanner().scan(bytes).of(FindingType::signed_data).size();
    }
  }
  // Most bytes are those of names, numbers and signatures, whose change makes another signature.
  CHECK(claimed > der.size());
  CHECK(claimed < 5 * der.size());
}

}  // namespace landwaiter::detectors
