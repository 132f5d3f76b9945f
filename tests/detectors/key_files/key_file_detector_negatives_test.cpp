// SPDX-License-Identifier: Apache-2.0
// Programs, libraries and texts that speak of keys in programs' formats, and hold none.
#include "detectors/key_files/key_file_detector.hpp"
#include "detectors/ssh/ssh_detector.hpp"
#include "tests/detectors/support/key_material.hpp"
#include "tests/support/catch.hpp"

#include <iostream>

namespace landwaiter::detectors {
namespace {

namespace fs = std::filesystem;

FileScanner key_scanner() {
  std::vector<std::unique_ptr<const Detector>> detectors;
  detectors.push_back(std::make_unique<KeyFileDetector>());
  detectors.push_back(std::make_unique<SshDetector>());
  return FileScanner(std::move(detectors));
}

/// Regular files of the folder below 64 MB.
std::vector<fs::path> files_of(const char* folder) {
  std::vector<fs::path> out;
  if (!fs::is_directory(folder)) return out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_symlink() || !entry.is_regular_file() || entry.file_size() > 64'000'000) continue;
    out.push_back(entry.path());
  }
  return out;
}

}  // namespace

TEST_CASE("no key of a program's own format is seen in the programs of this machine", "[key_file][key_negatives]") {
  const FileScanner scanner = key_scanner();
  std::size_t files = 0, bytes = 0, hits = 0, findings = 0;
  for (const char* folder : {"/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib/openssh"}) {
    for (const fs::path& path : files_of(folder)) {
      const std::string content = read_file(path);
      const Scanned scanned = scanner.scan(content);
      ++files;
      bytes += content.size();
      hits += scanned.hits;
      INFO(path.string());
      INFO(report_text(scanned));
      // Public keys may be anywhere; the one private key is an example that age-keygen prints, which must be known as such.
      for (const Finding& finding : scanned.findings) {
        const bool published = finding.type == FindingType::private_key && finding.severity == Severity::low;
        CHECK((finding.type == FindingType::public_key || published));
      }
      findings += scanned.findings.size();
      CHECK(scanned.diagnostics.empty());
    }
  }
  REQUIRE(files > 100);
  std::cout << files << " programs and libraries, " << bytes / 1'000'000 << " MB: " << hits << " hits of key files' triggers, " << findings
            << " findings\n";
}

TEST_CASE("manuals that show keys as placeholders are silent", "[key_file][key_negatives]") {
  const FileScanner scanner = key_scanner();
  const std::string text =
      "Run ssh-keygen and paste the line, such as\n  ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAACAQ...== you@host\ninto authorized_keys.\n"
      "command=\"/usr/bin/backup\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI... backup\n@cert-authority *.example.com ssh-rsa AAAAB5W...\n"
      "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"...\"\n...\n---- END SSH2 PUBLIC KEY ----\n"
      "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: name\nPublic-Lines: 6\n<base64>\nPrivate-Lines: 14\n"
      "AGE-SECRET-KEY-1... and AGE-PLUGIN-NAME-1... ; age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8x\n"
      "untrusted comment: minisign encrypted secret key\n<base64>\nuntrusted comment: signature from ...\n"
      "[Interface]\nPrivateKey = <server private key>\n[Peer]\nPublicKey = <peer public key>\nPresharedKey = /path/to/psk\n"
      "Private-key-format: v1.2\nAlgorithm: 5 (RSASHA1)\nModulus: ...\nexample.com. 3600 IN DNSKEY 256 3 8 ( AwEAAd... )\n"
      "key \"rndc-key\" {\n\talgorithm hmac-sha256;\n\tsecret \"<secret>\";\n};\n"
      "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\neyJrZGYi...\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n"
      "$ANSIBLE_VAULT;1.1;AES256\n6231...\n{\"primaryKeyId\": 1234, \"key\": [{\"keyData\": {\"typeUrl\": \"...\", \"value\": \"...\"}}]}\n"
      "{\"signed\": {\"_type\": \"root\", \"keys\": {\"KEYID\": {\"keytype\": \"ed25519\", \"keyval\": {\"public\": \"PUBLIC\"}}}}}\n";
  check_silent(scanner, text);
  CHECK(scanner.scan(text).hits >= 15);
}

TEST_CASE("many marks in one file cost no more than their bytes", "[key_file][key_negatives]") {
  const FileScanner scanner = key_scanner();
  const std::string zero(1, '\0');
  const std::vector<std::string> marks{"ssh-rsa AAAAB3NzaC1yc2E",
                                       "AAAAB3NzaC1yc2E",
                                       "---- BEGIN SSH2 PUBLIC KEY ----\n",
                                       "SSHKRL\n" + zero,
                                       "PuTTY-User-Key-File-3: ",
                                       "AGE-SECRET-KEY-1",
                                       "untrusted comment: ",
                                       "[Interface]\nPrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                       "[ PrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                       "Private-key-format: v1.3\n",
                                       " IN DNSKEY 257 3 8 (",
                                       "key \"a\" { algorithm hmac-",
                                       "$ANSIBLE_VAULT;1.1;AES256\n61",
                                       "{\"primaryKeyId\":",
                                       "{\"a\":{},\"primaryKeyId\":",
                                       "\"primaryKeyId\"",
                                       "{\"_type\": \"root\",",
                                       "\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5",
                                       "\x05\x02" + zero + zero + zero + "\x20" + zero + "\x02" + zero +
                                           "\x02"
                                           "EX",
                                       "\x1e\xf1\xb5\xb0" + std::string(4, '\0'),
                                       "\x07\x02" + std::string(3, '\0') + "\x24" + zero + zero + "RSA2"};
  for (const std::string& mark : marks) {
    INFO(mark);
    std::string file;
    while (file.size() < 600'000) file += mark;
    const Scanned scanned = scanner.scan(file);
    CHECK(scanned.hits > 1000);
    for (const Finding& finding : scanned.findings) CHECK(finding.type == FindingType::crl);
  }
}

}  // namespace landwaiter::detectors
