// SPDX-License-Identifier: Apache-2.0
// Keys of SSH in text and in the files of its programs, with ssh-keygen and puttygen as makers and judges.
#include "core/base/digest.hpp"
#include "core/base/encoding.hpp"
#include "tests/detectors/support/key_material.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

const FileScanner& scanner() {
  static const FileScanner scanner;
  return scanner;
}

/// What ssh-keygen -l prints as the fingerprint.
std::string fingerprint(const KeyFolder& folder, const std::string& file) {
  const std::string line = folder.sh("ssh-keygen -l -f " + file);
  const std::size_t begin = line.find("SHA256:");
  return line.substr(begin, line.find(' ', begin) - begin);
}

void make_key(const KeyFolder& folder, const std::string& name, const std::string& type) {
  folder.sh("ssh-keygen -q -N '' -C someone@example.org -f " + name + " -t " + type);
}

Finding only_public(const std::string& text, const std::string& name = {}) {
  return only_finding(scanner(), text, FindingType::public_key, name);
}

}  // namespace

TEST_CASE("a public key of each type has ssh-keygen's fingerprint and the private key's identity", "[ssh]") {
  const auto [type, title] =
      GENERATE(std::pair{"rsa -b 2048", "RSA 2048-bit"}, std::pair{"rsa -b 1024", "RSA 1024-bit"}, std::pair{"dsa", "DSA 1024-bit"},
               std::pair{"ecdsa -b 256", "EC prime256v1"}, std::pair{"ecdsa -b 384", "EC secp384r1"},
               std::pair{"ecdsa -b 521", "EC secp521r1"}, std::pair{"ed25519", "Ed25519"});
  const KeyFolder folder;
  make_key(folder, "k", type);
  const std::string line = folder.file("k.pub");
  const Finding key = only_public(line, "home/a/.ssh/id.pub");
  CHECK(key.title == std::string(title) + " public key (OpenSSH)");
  CHECK(key.attributes["ssh_fingerprint"] == fingerprint(folder, "k.pub"));
  CHECK(key.attributes["role"] == "identity");
  CHECK(key.attributes["ssh_certificate"] == nullptr);
  CHECK(key.severity == Severity::info);
  const auto private_keys = scanner().scan(folder.file("k"), "etc/ssh/ssh_host_k_key").of(FindingType::private_key);
  REQUIRE(private_keys.size() == 1);
  CHECK(private_keys[0].id == key.id);
  CHECK(private_keys[0].attributes["role"] == "host-key");
  if (std::string(type) != "ed25519") CHECK(folder.ssh_id("k.pub") == key.id);
  CHECK(report_text(scanner().scan(line)).find("someone@example") == std::string::npos);

  const std::string rfc4716 = folder.sh("ssh-keygen -e -f k.pub");
  const Finding same = only_public(rfc4716);
  CHECK(same.id == key.id);
  CHECK(same.attributes["encoding"] == "RFC 4716");
  CHECK(same.attributes["ssh_fingerprint"] == key.attributes["ssh_fingerprint"]);
}

TEST_CASE("Ed448 and keys of tokens are public keys, too", "[ssh]") {
  const KeyFolder folder;
  folder.sh(
      "puttygen -q -t ed448 -o k.ppk --new-passphrase /dev/null && puttygen k.ppk -O public-openssh -o k.pub && puttygen k.ppk -O "
      "fingerprint > print");
  const Finding key = only_public(folder.file("k.pub"));
  CHECK(key.attributes["key_type"] == "Ed448");
  CHECK(folder.file("print").find(key.attributes["ssh_fingerprint"].get<std::string>()) != std::string::npos);

  make_key(folder, "e", "ed25519");
  const Bytes plain = *base64_decode(folder.sh("cut -d' ' -f2 e.pub"));
  const std::string type = "sk-ssh-ed25519@openssh.com";
  const std::string blob =
      std::string("\0\0\0\x1a", 4) + type + std::string(as_text(plain)).substr(4 + 11) + std::string("\0\0\0\4ssh:", 8);
  folder.write("sk.pub", type + ' ' + base64_encode(as_bytes(blob)) + " token\n");
  const Finding token = only_public(folder.file("sk.pub"));
  CHECK(token.attributes["ssh_fingerprint"] == fingerprint(folder, "sk.pub"));
  CHECK(token.attributes["ssh_key_type"] == type);
  CHECK(token.attributes["key_type"] == "Ed25519");
}

TEST_CASE("what stands before a key, and the file's name, tell its role", "[ssh]") {
  const KeyFolder folder;
  make_key(folder, "k", "ed25519");
  const std::string key = folder.file("k.pub");
  struct Case {
    std::string text, name;
    json role, options;
    bool ca, revoked;
  };
  const std::vector<Case> cases{
      {key, "etc/ssh/ssh_host_ed25519_key.pub", "host-key", nullptr, false, false},
      {key, "root/.ssh/authorized_keys", "authorized", nullptr, false, false},
      {key, "root/.ssh/id_ed25519.pub", "identity", nullptr, false, false},
      {key, "some/file", nullptr, nullptr, false, false},
      {"command=\"/bin/a \\\"b\\\", c\",no-pty,from=\"10.0.0.0/8,*.example\" " + key, "file", "authorized",
       json::array({"command", "no-pty", "from"}), false, false},
      {"cert-authority,principals=\"a,b\" " + key, "file", "authorized", json::array({"cert-authority", "principals"}), true, false},
      {"host.example,10.0.0.1 " + key, "file", "known-host", nullptr, false, false},
      {"[host]:2222 " + key, "file", "known-host", nullptr, false, false},
      {"localhost " + key, "root/.ssh/known_hosts", "known-host", nullptr, false, false},
      {"@cert-authority *.example.org " + key, "file", "known-host", nullptr, true, false},
      {"@revoked * " + key, "file", "known-host", nullptr, false, true},
      {"key: " + key, "config.yaml", nullptr, nullptr, false, false},
      {"  - \"" + key, "user-data", nullptr, nullptr, false, false},
  };
  for (const Case& item : cases) {
    INFO(item.text);
    const Scanned scanned = scanner().scan(item.text, item.name);
    REQUIRE(scanned.findings.size() == 1);
    const json& attributes = scanned.findings[0].attributes;
    CHECK(attributes["role"] == item.role);
    CHECK(attributes["ca"] == item.ca);
    CHECK(attributes["revoked"] == item.revoked);
    CHECK(attributes.value("options", json(nullptr)) == item.options);
    CHECK(attributes.dump().find("/bin/a") == std::string::npos);
    CHECK(scanned.findings[0].occurrences[0].offset == item.text.find("ssh-ed25519"));
  }

  folder.write("known_hosts", "host.example,10.1.2.3 " + key);
  folder.sh("ssh-keygen -q -H -f known_hosts");
  const Scanned hashed = scanner().scan(folder.file("known_hosts"), "known_hosts");
  REQUIRE_FALSE(hashed.findings.empty());
  for (const Finding& finding : hashed.findings) CHECK(finding.attributes["hosts_hashed"] == true);
  CHECK(scanner().scan("host.example,10.1.2.3 " + key).findings[0].attributes["hosts"] == json::array({"host.example", "10.1.2.3"}));
}

TEST_CASE("each line of a file is a key of its own, in JSON with escaped slashes, too", "[ssh]") {
  const KeyFolder folder;
  std::string file, escaped = "[";
  for (int i = 0; i < 8; ++i) {
    const std::string name = "k" + std::to_string(i);
    make_key(folder, name, "ed25519");
    file += folder.file(name + ".pub");
    std::string line = folder.sh("cut -d' ' -f1-2 " + name + ".pub");
    line.pop_back();
    for (std::size_t at = 0; (at = line.find('/', at)) != std::string::npos; at += 2) line.insert(at, "\\");
    escaped += '"' + line + "\",";
  }
  CHECK(scanner().scan(file).of(FindingType::public_key).size() == 8);
  CHECK(scanner().scan(escaped + "\"\"]").of(FindingType::public_key).size() == 8);
}

TEST_CASE("a certificate of OpenSSH names its authority, its principals and its validity", "[ssh]") {
  const KeyFolder folder;
  make_key(folder, "ca", "rsa -b 2048");
  const std::string type = GENERATE("ed25519", "rsa -b 2048", "ecdsa -b 384", "dsa");
  make_key(folder, "k", type);
  folder.sh(
      "ssh-keygen -q -s ca -I 'the key id' -n alice,bob -z 42 -O clear -O permit-pty "
      "-O force-command=/bin/secret -V 20300101000000Z:20310101000000Z k.pub");
  const Finding finding = only_public(folder.file("k-cert.pub"));
  const json& certificate = finding.attributes["ssh_certificate"];
  CHECK(finding.attributes["format"] == "OpenSSH certificate");
  CHECK(finding.id == only_public(folder.file("k.pub")).id);
  CHECK(finding.attributes["ssh_fingerprint"] == fingerprint(folder, "k.pub"));
  CHECK(certificate["kind"] == "user");
  CHECK(certificate["serial"] == 42);
  CHECK(certificate["key_id"] == "the key id");
  CHECK(certificate["principals"] == json::array({"alice", "bob"}));
  CHECK(certificate["critical_options"] == json::array({"force-command"}));
  CHECK(certificate["extensions"] == json::array({"permit-pty"}));
  CHECK(certificate["ca_fingerprint"] == fingerprint(folder, "ca.pub"));
  CHECK(certificate["signature_algorithm"] == "rsa-sha2-512");
  CHECK(certificate["not_before"].get<std::string>().ends_with("Z"));
  CHECK(certificate["not_after"] == "2031-01-01T00:00:00Z");
  CHECK(finding.attributes.dump().find("/bin/secret") == std::string::npos);
}

TEST_CASE("a certificate that never expires, and one signed with SHA-1, are weak", "[ssh]") {
  const KeyFolder folder;
  make_key(folder, "ca", "rsa -b 2048");
  make_key(folder, "k", "ed25519");
  folder.sh("ssh-keygen -q -s ca -t ssh-rsa -h -I host -n h.example k.pub");
  const Finding finding = only_public(folder.file("k-cert.pub"));
  CHECK(finding.attributes["ssh_certificate"]["kind"] == "host");
  CHECK(finding.attributes["ssh_certificate"]["not_after"] == nullptr);
  CHECK(finding.attributes["weaknesses"] == json::array({"sha1-signature", "no-expiry"}));
}

TEST_CASE("a list of revoked keys is found with what it holds", "[ssh]") {
  const KeyFolder folder;
  make_key(folder, "ca", "ed25519");
  make_key(folder, "k", "rsa -b 2048");
  make_key(folder, "m", "ed25519");
  folder.write("spec", "serial: 1-100\nid: someone\n");
  folder.sh("cat k.pub >> spec; ssh-keygen -q -k -f krl -s ca.pub -z 7 spec m.pub");
  CHECK_FALSE(run("cd " + folder.path("") + " && ssh-keygen -Q -f krl k.pub"));
  const std::string krl = folder.file("krl");
  const Finding finding = only_finding(scanner(), krl, FindingType::crl);
  CHECK(finding.id == Digest::sha256_of(as_bytes(krl)).str());
  CHECK(finding.attributes["format"] == "OpenSSH KRL");
  CHECK(finding.attributes["crl_number"] == 7);
  CHECK(finding.attributes["certificate_sections"] == 1);
  CHECK(finding.attributes["signed"] == false);
  CHECK(finding.attributes["this_update"].get<std::string>().size() == 20);

  // A list larger than what a window shows behind its begin.
  std::string many;
  for (int i = 0; i < 30'000; ++i)
    many += "hash: SHA256:" + base64_encode(*hex_decode(std::string(Digest::sha256_of(as_bytes(std::to_string(i))).hex()))).substr(0, 43) +
            "\n";
  folder.write("spec", many);
  folder.sh("ssh-keygen -q -k -f big spec");
  const std::string big = folder.file("big");
  REQUIRE(big.size() > 500'000);
  CHECK(only_finding(scanner(), big, FindingType::crl).id == Digest::sha256_of(as_bytes(big)).str());
}

TEST_CASE("a private key of SSH-1 is found, encrypted or not", "[ssh]") {
  const KeyFolder folder;
  folder.write("pw", "geheim\n");
  folder.sh(
      "puttygen -q -t rsa1 -b 2048 -o plain --new-passphrase /dev/null && puttygen plain -o sealed -P --new-passphrase pw --old-passphrase "
      "/dev/null");
  const Finding plain = only_finding(scanner(), folder.file("plain"), FindingType::private_key);
  CHECK(plain.attributes["format"] == "SSH-1");
  CHECK(plain.attributes["key_size_bits"] == 2048);
  CHECK(plain.severity == Severity::high);
  CHECK(plain.attributes["weaknesses"] == json::array({"ssh-1"}));
  const Finding sealed = only_finding(scanner(), folder.file("sealed"), FindingType::private_key);
  CHECK(sealed.id == plain.id);
  CHECK(sealed.severity == Severity::medium);
  CHECK(sealed.attributes["encryption"]["cipher"] == "3des-cbc (SSH-1)");
}

TEST_CASE("what only looks like a key of SSH is silent", "[ssh]") {
  const KeyFolder folder;
  make_key(folder, "k", "rsa -b 2048");
  const std::string line = folder.file("k.pub");
  for (const std::string& text :
       {std::string("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ... user@host\n"), std::string("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7\n"),
        "ssh-dss " + line.substr(8), "x-" + line, "xssh-rsa" + line.substr(7), line.substr(8), line.substr(0, 200) + "\n",
        line.substr(0, 60) + "!" + line.substr(61), std::string("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExample\n"),
        std::string("---- BEGIN SSH2 PUBLIC KEY ----\nComment: x\nAAAA\n---- END SSH2 PUBLIC KEY ----\n"),
        "SSH PRIVATE KEY FILE FORMAT 1.1\n" + std::string(1, '\0') + "%s: this program cannot read keys of the first protocol",
        "SSHKRL\n" + std::string(1, '\0') + "bad magic" + std::string(64, '\0')}) {
    INFO(text);
    check_silent(scanner(), text);
  }
}

TEST_CASE("cut and changed keys of SSH are survived", "[ssh]") {
  const KeyFolder folder;
  make_key(folder, "ca", "ed25519");
  make_key(folder, "k", "ed25519");
  folder.sh("ssh-keygen -q -s ca -I id -n a,b k.pub");
  folder.write("spec", "serial: 1-100\nid: someone\n");
  folder.sh(
      "ssh-keygen -q -k -f krl -s ca.pub spec k.pub; puttygen -q -t rsa1 -b 1024 -o one --new-passphrase /dev/null; ssh-keygen -e -f k.pub "
      "> rfc");
  for (const char* file : {"k.pub", "k-cert.pub", "krl", "one", "rfc"}) check_hostile(scanner(), folder.file(file), 5);
  // Lengths of 2^32 - 1 and 2^31 in the list and in a certificate's blob.
  std::string krl = folder.file("krl");
  for (std::size_t at = 8; at + 4 <= krl.size(); ++at) {
    std::string lie = krl;
    lie.replace(at, 4, "\xff\xff\xff\xff");
    CHECK(scanner().scan(lie).findings.size() <= 2);
  }
  const Bytes blob = *base64_decode(folder.sh("cut -d' ' -f2 k-cert.pub"));
  for (std::size_t at = 4 + 32; at + 4 <= blob.size(); at += 3) {
    Bytes lie = blob;
    std::fill_n(lie.begin() + static_cast<std::ptrdiff_t>(at), 4, 0xff);
    CHECK(scanner().scan("ssh-ed25519-cert-v01@openssh.com " + base64_encode(lie)).findings.size() <= 1);
  }
}

}  // namespace landwaiter::detectors
