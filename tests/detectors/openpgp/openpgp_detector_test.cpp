// SPDX-License-Identifier: Apache-2.0
// Keys made and described by gpg.
#include "core/base/clock.hpp"
#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "detectors/ssh/ssh_key.hpp"
#include "tests/detectors/support/gnupg.hpp"
#include "tests/detectors/support/material.hpp"
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

struct Kind {
  const char* name;
  const char* parameters;
  const char* title;     ///< of the primary key
  const char* subtitle;  ///< of the subkey
  bool in_ssh;           ///< gpg can write the primary key in SSH's form
};

constexpr Kind kKinds[] = {
    {"rsa", "Key-Type: RSA\nKey-Length: 2048\nSubkey-Type: RSA\nSubkey-Length: 3072\n", "RSA 2048-bit", "RSA 3072-bit", true},
    {"dsa", "Key-Type: DSA\nKey-Length: 2048\nSubkey-Type: ELG-E\nSubkey-Length: 1024\n", "DSA 2048-bit", "ElGamal 1024-bit", true},
    {"ed25519", "Key-Type: EDDSA\nKey-Curve: ed25519\nSubkey-Type: ECDH\nSubkey-Curve: cv25519\n", "Ed25519", "X25519", true},
    {"p256", "Key-Type: ECDSA\nKey-Curve: nistp256\nSubkey-Type: ECDH\nSubkey-Curve: nistp384\n", "EC prime256v1", "EC secp384r1", true},
    {"p521", "Key-Type: ECDSA\nKey-Curve: nistp521\nSubkey-Type: ECDH\nSubkey-Curve: brainpoolP384r1\n", "EC secp521r1",
     "EC brainpoolP384r1", true},
    {"other", "Key-Type: ECDSA\nKey-Curve: secp256k1\nSubkey-Type: ECDH\nSubkey-Curve: brainpoolP512r1\n", "EC secp256k1",
     "EC brainpoolP512r1", false},
};

std::string parameters_of(const Kind& kind) {
  return std::string(kind.parameters) + "Name-Real: Test " + kind.name + "\nName-Email: " + kind.name +
         "@example.org\nExpire-Date: 2y\nKey-Usage: sign\nSubkey-Usage: encrypt\n";
}

std::string time_of(const std::string& seconds) { return to_rfc3339(from_unix_us(std::stoll(seconds) * 1'000'000)); }

/// A home with all kinds of keys in clear; made once.
const GnuPg& plain_home() {
  static const GnuPg home;
  static const bool made = [] {
    for (const Kind& kind : kKinds) home.generate(parameters_of(kind));
    return true;
  }();
  REQUIRE(made);
  return home;
}

const Finding* with_fingerprint(const std::vector<Finding>& findings, const std::string& fingerprint) {
  const auto found = std::ranges::find_if(
      findings, [&](const Finding& finding) { return finding.attributes.value("fingerprint", "") == to_lower(fingerprint); });
  return found == findings.end() ? nullptr : &*found;
}

/// By the key in SSH's form, as gpg writes it.
std::string id_by_ssh(const GnuPg& home, const std::string& fingerprint) {
  const std::string line = home.gpg("--export-ssh-key " + fingerprint + "!");
  const std::size_t begin = line.find(' ') + 1;
  const auto blob = base64_decode(line.substr(begin, line.find(' ', begin) - begin));
  REQUIRE(blob);
  const auto key = read_ssh_public_key(*blob);
  REQUIRE(key);
  return key->id();
}

void check_listed(const Finding& finding, const GnuPgKey& key, const std::string& primary) {
  const json& attributes = finding.attributes;
  CHECK(attributes["key_id"] == to_lower(key.fingerprint.substr(24)));
  CHECK(attributes["created"] == time_of(key.created));
  CHECK(attributes["expires"] == (key.expires.empty() ? json(nullptr) : json(time_of(key.expires))));
  CHECK(attributes["role"] == (key.subkey ? "subkey" : "primary"));
  CHECK(attributes["primary_fingerprint"] == to_lower(primary));
  CHECK(attributes["self_signature_hash"].get<std::string>().starts_with("SHA"));
  CHECK_FALSE(attributes["revoked"].get<bool>());
}

std::string noise(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 1;
  for (char& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return out;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("public and private keys of all algorithms are as gpg lists them, armored and binary", "[openpgp]") {
  const GnuPg& home = plain_home();
  const FileScanner scanner;
  for (const Kind& kind : kKinds) {
    INFO(kind.name);
    const auto keys = home.keys(kind.name + std::string("@example.org"));
    REQUIRE(keys.size() == 2);
    const std::string primary = keys[0].fingerprint;
    std::vector<std::string> ids;
    for (const char* command : {"--export ", "--armor --export ", "--export-secret-keys ", "--armor --export-secret-keys "}) {
      INFO(command);
      const bool secret = std::string(command).find("secret") != std::string::npos;
      const bool armored = std::string(command).starts_with("--armor");
      const Scanned scanned = scanner.scan(home.gpg(command + primary));
      CHECK(scanned.diagnostics.empty());
      REQUIRE(scanned.findings.size() == 2);
      CHECK(scanned.of(secret ? FindingType::private_key : FindingType::public_key).size() == 2);
      for (const GnuPgKey& key : keys) {
        const Finding* finding = with_fingerprint(scanned.findings, key.fingerprint);
        REQUIRE(finding != nullptr);
        check_listed(*finding, key, primary);
        const std::string title = key.subkey ? kind.subtitle : kind.title;
        CHECK(finding->title.starts_with(title + (secret ? " private key" : " public key")));
        CHECK(finding->attributes["encoding"] == (armored ? "armor" : "binary"));
        CHECK(finding->severity == (secret ? Severity::high : Severity::info));
        CHECK(finding->attributes["user_ids"][0] == std::string("Test ") + kind.name + " <" + kind.name + "@example.org>");
        if (secret) CHECK(finding->attributes["consistent"] == true);
        ids.push_back(finding->id);
      }
      CHECK(scanned.findings[0].attributes["usage"] == json::array({"certify", "sign"}));
      CHECK(scanned.findings[1].attributes["usage"] == json::array({"encrypt-communications", "encrypt-storage"}));
    }
    for (std::size_t i = 2; i < ids.size(); ++i) CHECK(ids[i] == ids[i - 2]);
    CHECK(ids[0].starts_with("spki-sha256:"));
    if (kind.in_ssh) CHECK(ids[0] == id_by_ssh(home, primary));
  }
}

TEST_CASE("GnuPG's keybox and agent files hold the same keys", "[openpgp]") {
  const GnuPg& home = plain_home();
  const FileScanner scanner;
  const Scanned box = scanner.scan(read_file(home.home() + "/pubring.kbx"));
  const auto keys = home.keys();
  REQUIRE(keys.size() == 2 * std::size(kKinds));
  CHECK(box.diagnostics.empty());
  CHECK(box.findings.size() == keys.size());
  std::size_t grips = 0;
  for (const GnuPgKey& key : keys) {
    INFO(key.fingerprint);
    const Finding* in_box = with_fingerprint(box.findings, key.fingerprint);
    REQUIRE(in_box != nullptr);
    CHECK(in_box->attributes["encoding"] == "keybox");
    const Scanned agent = scanner.scan(home.agent_file(key.keygrip));
    REQUIRE(agent.findings.size() == 1);
    const Finding& secret = agent.findings[0];
    CHECK(secret.type == FindingType::private_key);
    CHECK(secret.severity == Severity::high);
    CHECK(secret.id == in_box->id);
    CHECK(secret.attributes["consistent"] == true);
    CHECK(secret.attributes["encoding"] == "S-expression");
    if (secret.attributes["keygrip"].is_string()) {
      CHECK(secret.attributes["keygrip"] == key.keygrip);
      ++grips;
    }
  }
  CHECK(grips == 4);
}

TEST_CASE("a passphrase makes them encrypted, and how is told", "[openpgp]") {
  const GnuPg home;
  write_file(home.home() + "/gpg-agent.conf", "disable-extended-key-format\ns2k-count 131072\n");
  home.generate(parameters_of(kKinds[2]), "correct horse");
  const FileScanner scanner;
  const auto keys = home.keys();
  REQUIRE(keys.size() == 2);
  for (const char* armor : {"", "--armor "}) {
    const std::string exported = home.gpg(std::string(armor) + "--passphrase 'correct horse' --export-secret-keys");
    const Scanned scanned = scanner.scan(exported);
    REQUIRE(scanned.of(FindingType::private_key).size() == 2);
    for (const Finding& finding : scanned.findings) {
      const json& encryption = finding.attributes["encryption"];
      CHECK(finding.severity == Severity::medium);
      CHECK(finding.attributes["encrypted"] == true);
      CHECK(encryption["cipher"] == "AES-128");
      CHECK(encryption["kdf"] == "S2K iterated and salted");
      CHECK(encryption["hash"] == "SHA-1");
      CHECK(encryption["integrity"] == "SHA-1");
      write_file(home.home() + "/exported", exported);
      const std::string packets = home.gpg("--list-packets " + shell_quoted(home.home() + "/exported"));
      CHECK(packets.find("protect count: " + std::to_string(encryption["count_bytes"].get<std::uint64_t>()) + " ") != std::string::npos);
      CHECK(finding.attributes["weaknesses"].empty());
    }
  }
  for (const GnuPgKey& key : keys) {
    const std::string file = home.agent_file(key.keygrip);
    REQUIRE(file.starts_with("(21:protected-private-key"));
    const Scanned scanned = scanner.scan(file);
    REQUIRE(scanned.findings.size() == 1);
    CHECK(scanned.findings[0].severity == Severity::medium);
    CHECK(scanned.findings[0].attributes["encryption"]["cipher"] == "AES-128");
    CHECK(scanned.findings[0].attributes["encryption"]["count_bytes"] == 131072);
    CHECK(scanned.findings[0].attributes["encoding"] == "canonical S-expression");
    CHECK(scanned.findings[0].id == with_fingerprint(scanner.scan(home.gpg("--export")).findings, key.fingerprint)->id);
  }
}

TEST_CASE("a private key that is not there is none", "[openpgp]") {
  const GnuPg& home = plain_home();
  const Scanned scanned = FileScanner().scan(home.gpg("--armor --export-secret-subkeys rsa@example.org"));
  REQUIRE(scanned.findings.size() == 2);
  CHECK(scanned.findings[0].type == FindingType::public_key);
  CHECK(scanned.findings[0].attributes["private_part"] == "absent");
  CHECK(scanned.findings[0].severity == Severity::info);
  CHECK(scanned.findings[1].type == FindingType::private_key);
}

TEST_CASE("keys are found between other bytes and behind a window", "[openpgp]") {
  const GnuPg& home = plain_home();
  const FileScanner scanner;
  const std::string other = noise(1'200'000);
  for (const Kind& kind : kKinds) {
    INFO(kind.name);
    for (const char* command : {"--export ", "--export-secret-keys ", "--armor --export-secret-keys "}) {
      INFO(command);
      const std::string key = home.gpg(command + std::string(kind.name) + "@example.org");
      for (const std::size_t before : {std::size_t{1}, std::size_t{700}, limits::window_bytes - 100, other.size()}) {
        const Scanned scanned = scanner.scan(other.substr(0, before) + key + other.substr(0, 3000));
        REQUIRE(scanned.findings.size() == 2);
        CHECK(scanned.findings[0].occurrences[0].offset == before);
      }
    }
  }
  const Scanned box = scanner.scan(other + read_file(home.home() + "/pubring.kbx") + other);
  CHECK(box.findings.size() == 2 * std::size(kKinds));
  CHECK(box.findings[0].attributes["encoding"] == "keybox");
  const std::string agent = home.agent_file(home.keys()[0].keygrip);
  CHECK(scanner.scan(other + agent + other).findings.size() == 1);
}

TEST_CASE("armor is read as configuration formats write it", "[openpgp]") {
  const std::string armor = plain_home().gpg("--armor --comment 'made: by hand' --export-secret-keys ed25519@example.org");
  const FileScanner scanner;
  const std::vector<std::string> forms = {replaced(armor, "\n", "\r\n"),
                                          replaced("key: |\n" + armor, "\n", "\n    "),
                                          json(armor).dump(),
                                          json(json(armor).dump()).dump(),
                                          replaced(armor, "\n\n", "\n"),
                                          replaced(armor, "\n", " \n"),
                                          "\"" + replaced(armor, "\n", "\\n\" +\n  \"") + "\""};
  for (const std::string& form : forms) {
    INFO(form.substr(0, 200));
    const Scanned scanned = scanner.scan(form);
    CHECK(scanned.diagnostics.empty());
    REQUIRE(scanned.of(FindingType::private_key).size() == 2);
    CHECK(scanned.findings[0].attributes["consistent"] == true);
  }
  SECTION("a wrong checksum is told") {
    std::string wrong = armor;
    const std::size_t at = wrong.rfind("\n=") + 2;
    wrong[at] = wrong[at] == 'A' ? 'B' : 'A';
    const Scanned scanned = scanner.scan(wrong);
    CHECK(scanned.findings.size() == 2);
    REQUIRE(scanned.diagnostics.size() == 1);
    CHECK(scanned.diagnostics[0].message.find("checksum") != std::string::npos);
  }
  SECTION("what is damaged is told") {
    CHECK(scanner.scan(armor.substr(0, armor.size() / 2)).diagnostics.size() == 1);
    std::string damaged = armor;
    damaged[damaged.size() / 2] = '*';
    CHECK(scanner.scan(damaged).diagnostics.size() == 1);
  }
  SECTION("labels alone are silent") {
    const Scanned scanned = scanner.scan(
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n...\n-----END PGP PRIVATE KEY BLOCK-----\n"
        "-----BEGIN PGP PUBLIC KEY BLOCK-----");
    CHECK(scanned.findings.empty());
    CHECK(scanned.diagnostics.empty());
  }
}

TEST_CASE("the distribution's keyrings are listed as gpg does", "[openpgp]") {
  const GnuPg home;
  const FileScanner scanner;
  std::size_t keyrings = 0;
  for (const char* folder : {"/usr/share/keyrings", "/etc/apt/trusted.gpg.d"}) {
    if (!std::filesystem::is_directory(folder)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string content = read_file(entry.path());
      if (entry.is_symlink() || content.empty()) continue;
      INFO(entry.path().string());
      const auto keys = parse_colons(home.gpg("--with-colons --show-keys " + shell_quoted(entry.path().string())));
      const Scanned scanned = scanner.scan(content);
      std::set<std::string> expected, found;
      for (const GnuPgKey& key : keys) expected.insert(to_lower(key.fingerprint));
      for (const Finding& finding : scanned.findings) found.insert(finding.attributes.value("fingerprint", ""));
      CHECK(found == expected);
      CHECK(scanned.diagnostics.empty());
      for (const GnuPgKey& key : keys) {
        const Finding* finding = with_fingerprint(scanned.findings, key.fingerprint);
        if (finding != nullptr) CHECK(finding->attributes["expires"] == (key.expires.empty() ? json(nullptr) : json(time_of(key.expires))));
      }
      ++keyrings;
    }
  }
  CHECK(keyrings > 0);
}

TEST_CASE("version 6 keys of RFC 9580", "[openpgp]") {
  // Appendix A.3: a public key that signs, and its subkey.
  const std::string armor =
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
      "xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laPCsQYf\n"
      "GwoAAABCBYJjh3/jAwsJBwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxy\n"
      "KwwfHifBilZwj2Ul7Ce62azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lw\n"
      "gyU2kCcUmKfvBXbAf6rhRYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaE\n"
      "QsiPlR4zxP/TP7mhfVEe7XWPxtnMUMtf15OyA51YBM4qBmOHf+MZAAAAIIaTJINn\n"
      "+eUBXbki+PSAld2nhJh/LVmFsS+60WyvXkQ1wpsGGBsKAAAALAWCY4d/4wKbDCIh\n"
      "BssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce62azJAAAAAAQBIKbpGG2dWTX8\n"
      "j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDEM0g12vYxoWM8Y81W+bHBw805\n"
      "I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUrk0mXubZvyl4GBg==\n"
      "-----END PGP PUBLIC KEY BLOCK-----\n";
  const FileScanner scanner;
  const std::string body = armor.substr(armor.find("xio"), armor.find("==\n-----END") + 2 - armor.find("xio"));
  const auto binary = base64_decode(body);
  REQUIRE(binary);
  for (const std::string& file : {armor, std::string(as_text(*binary)), "before" + std::string(as_text(*binary)) + "after"}) {
    const Scanned scanned = scanner.scan(file);
    REQUIRE(scanned.findings.size() == 2);
    const json& primary = scanned.findings[0].attributes;
    const json& subkey = scanned.findings[1].attributes;
    CHECK(primary["fingerprint"] == "cb186c4f0609a697e4d52dfa6c722b0c1f1e27c18a56708f6525ec27bad9acc9");
    CHECK(primary["key_id"] == "cb186c4f0609a697");
    CHECK(primary["format"] == "OpenPGP v6");
    CHECK(primary["key_type"] == "Ed25519");
    CHECK(primary["usage"] == json::array({"certify", "sign"}));
    CHECK(primary["created"] == "2022-11-30T16:08:03Z");
    CHECK(subkey["key_type"] == "X25519");
    CHECK(subkey["fingerprint"] == "12c83f1e706f6308fe151a417743a1f033790e93e9978488d1db378da9930885");
  }
}

}  // namespace landwaiter::detectors
