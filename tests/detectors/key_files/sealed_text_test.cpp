// SPDX-License-Identifier: Apache-2.0
// Secrets that stand encrypted in text, and sets of keys in JSON.
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

std::string random_base64(const KeyFolder& folder, int bytes) {
  std::string text = folder.sh("openssl rand -base64 " + std::to_string(bytes) + " | tr -d '\\n'");
  return text;
}

json tink_key(const KeyFolder& folder, const std::string& type, const std::string& material, unsigned id) {
  return {{"keyData",
           {{"typeUrl", "type.googleapis.com/google.crypto.tink." + type},
            {"value", random_base64(folder, 34)},
            {"keyMaterialType", material}}},
          {"status", "ENABLED"},
          {"keyId", id},
          {"outputPrefixType", "TINK"}};
}

std::string cosign_pem(const KeyFolder& folder, const std::string& label) {
  const json body{{"kdf", {{"name", "scrypt"}, {"params", {{"N", 32768}, {"r", 8}, {"p", 1}}}, {"salt", random_base64(folder, 32)}}},
                  {"cipher", {{"name", "nacl/secretbox"}, {"nonce", random_base64(folder, 24)}}},
                  {"ciphertext", random_base64(folder, 200)}};
  return "-----BEGIN " + label + "-----\n" + base64_encode(as_bytes(body.dump())) + "\n-----END " + label + "-----\n";
}

}  // namespace

TEST_CASE("cosign's private keys tell how they are encrypted, and count once", "[key_file]") {
  const KeyFolder folder;
  for (const auto& [label, format] :
       {std::pair{"ENCRYPTED COSIGN PRIVATE KEY", "cosign"}, std::pair{"ENCRYPTED SIGSTORE PRIVATE KEY", "Sigstore"}}) {
    const std::string pem = cosign_pem(folder, label);
    const Finding key = only_finding(scanner(), pem, FindingType::private_key);
    CHECK(scanner().scan(pem).findings.size() == 1);
    CHECK(key.severity == Severity::medium);
    CHECK(key.id.starts_with("hmac-sha256:"));
    CHECK(key.attributes["format"] == format);
    CHECK(key.attributes["encryption"]["cipher"] == "nacl/secretbox");
    CHECK(key.attributes["encryption"]["kdf"] == "scrypt");
    CHECK(key.attributes["encryption"]["scrypt_n"] == 32768);
    std::string damaged = pem;
    damaged[100] = '!';
    CHECK(scanner().scan(damaged).diagnostics.size() == 1);
    check_silent(scanner(), "-----BEGIN " + std::string(label) + "-----\n...\n-----END " + label + "-----\n");
    check_hostile(scanner(), pem, 23);
  }
}

TEST_CASE("what Ansible Vault encrypted is found, as a file and in YAML", "[key_file]") {
  const KeyFolder folder;
  folder.write("pw", "geheim\n");
  folder.write("v", "database: password\n");
  folder.write("w", "database: password\n");
  folder.sh("ansible-vault encrypt --vault-password-file pw v && ansible-vault encrypt --vault-id prod@pw --encrypt-vault-id prod w");
  const Finding plain = only_finding(scanner(), folder.file("v"), FindingType::secret);
  CHECK(plain.severity == Severity::info);
  CHECK(plain.attributes["format"] == "Ansible Vault");
  CHECK(plain.attributes["format_version"] == "1.1");
  CHECK(plain.attributes["vault_id"] == nullptr);
  CHECK(plain.attributes["encryption"]["kdf"] == "PBKDF2");
  CHECK(plain.attributes["encryption"]["iterations"] == 10000);
  const Finding labeled = only_finding(scanner(), folder.file("w"), FindingType::secret);
  CHECK(labeled.attributes["format_version"] == "1.2");
  CHECK(labeled.attributes["vault_id"] == "prod");
  const std::string yaml = folder.sh("ansible-vault encrypt_string --vault-password-file pw --name secret geheimnis");
  CHECK(only_finding(scanner(), yaml + "\nother: value\n", FindingType::secret).attributes["encrypted"] == true);

  folder.sh("openssl rand -hex 200000 > big && ansible-vault encrypt --vault-password-file pw big");
  CHECK(only_finding(scanner(), folder.file("big"), FindingType::secret).title == "Secret encrypted with Ansible Vault");

  for (const std::string& text : {std::string("$ANSIBLE_VAULT;1.1;AES256\n"), std::string("$ANSIBLE_VAULT;1.1;AES256\n<hex>\n"),
                                  std::string("$ANSIBLE_VAULT;1.1;AES256\n61646d\n"), folder.file("v").substr(0, 200),
                                  "$ANSIBLE_VAULT;1.1;AES256X" + folder.file("v").substr(25)}) {
    INFO(text);
    check_silent(scanner(), text);
  }
  check_hostile(scanner(), folder.file("v"), 7);
}

TEST_CASE("a Tink keyset lists its keys, in the clear or not", "[key_file]") {
  const KeyFolder folder;
  const json clear{{"primaryKeyId", 12345},
                   {"key", json::array({tink_key(folder, "AesGcmKey", "SYMMETRIC", 12345),
                                        tink_key(folder, "EcdsaPrivateKey", "ASYMMETRIC_PRIVATE", 4000000000U)})}};
  for (const std::string& text : {clear.dump(), clear.dump(2), "# config\nkeyset = '" + clear.dump() + "'\n"}) {
    const Finding finding = only_finding(scanner(), text, FindingType::keystore);
    CHECK(finding.severity == Severity::high);
    CHECK(finding.attributes["format"] == "Tink");
    REQUIRE(finding.attributes["entries"].size() == 2);
    CHECK(finding.attributes["entries"][0] ==
          json{{"type", "AesGcmKey"}, {"status", "ENABLED"}, {"output_prefix", "TINK"}, {"material", "SYMMETRIC"}, {"key_id", 12345}});
    CHECK(report_text(scanner().scan(text)).find(clear["key"][0]["keyData"]["value"].get<std::string>().substr(0, 12)) ==
          std::string::npos);
  }
  const json open{{"primaryKeyId", 1}, {"key", json::array({tink_key(folder, "EcdsaPublicKey", "ASYMMETRIC_PUBLIC", 1)})}};
  CHECK(only_finding(scanner(), open.dump(), FindingType::keystore).severity == Severity::info);

  json info = json::array({{{"typeUrl", "type.googleapis.com/google.crypto.tink.AesGcmKey"},
                            {"status", "ENABLED"},
                            {"keyId", 7},
                            {"outputPrefixType", "RAW"}}});
  const json sealed{{"encryptedKeyset", random_base64(folder, 120)}, {"keysetInfo", {{"primaryKeyId", 7}, {"keyInfo", info}}}};
  const Finding encrypted = only_finding(scanner(), sealed.dump(1), FindingType::keystore);
  CHECK(encrypted.severity == Severity::medium);
  CHECK(encrypted.attributes["encrypted"] == true);
  CHECK(encrypted.attributes["entries"][0]["output_prefix"] == "RAW");

  json other = clear;
  other["key"][0]["keyData"]["typeUrl"] = "type.example.org/AesGcmKey";
  for (const std::string& text : {other.dump(), std::string("{\"primaryKeyId\": 1, \"key\": []}"), std::string("{\"primaryKeyId\": 1"),
                                  std::string("\"primaryKeyId\" is a field"), clear.dump().substr(0, clear.dump().size() - 1)}) {
    INFO(text);
    check_silent(scanner(), text);
  }
  check_hostile(scanner(), clear.dump(), 11);
  std::string nested;
  for (int i = 0; i < 5000; ++i) nested += "{\"primaryKeyId\":";
  check_silent(scanner(), nested);
}

TEST_CASE("the keys of a TUF root have their roles", "[key_file]") {
  const KeyFolder folder;
  folder.sh("openssl genpkey -algorithm ED25519 -out k.pem");
  const std::string raw = folder.sh("openssl pkey -in k.pem -pubout -outform DER | tail -c 32 | od -An -tx1 | tr -d ' \\n'");
  REQUIRE(raw.size() == 64);
  const json root{{"signatures", json::array()},
                  {"signed",
                   {{"_type", "root"},
                    {"spec_version", "1.0.0"},
                    {"version", 3},
                    {"keys", {{"abc", {{"keytype", "ed25519"}, {"scheme", "ed25519"}, {"keyval", {{"public", raw}}}}}}},
                    {"roles",
                     {{"root", {{"keyids", {"abc"}}, {"threshold", 1}}},
                      {"targets", {{"keyids", {"abc"}}, {"threshold", 1}}},
                      {"snapshot", {{"keyids", {"other"}}, {"threshold", 1}}}}}}}};
  const Finding key = only_finding(scanner(), root.dump(2), FindingType::public_key);
  CHECK(key.id == folder.openssl_id("-in k.pem"));
  CHECK(key.attributes["roles"] == json::array({"root", "targets"}));
  CHECK(key.attributes["format"] == "TUF");
  check_silent(scanner(), "{\"_type\": \"root\", \"keys\": {\"a\": {\"keytype\": \"ed25519\", \"keyval\": {\"public\": \"00\"}}}}");
  check_hostile(scanner(), root.dump(), 17);
}

}  // namespace landwaiter::detectors
