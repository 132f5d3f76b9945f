// SPDX-License-Identifier: Apache-2.0
// PuTTY, age, signify, minisign, WireGuard: each program makes its keys and says what they are.
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

Finding only_private(const std::string& file) { return only_finding(scanner(), file, FindingType::private_key); }
Finding only_public(const std::string& file) { return only_finding(scanner(), file, FindingType::public_key); }

/// The base64 of an SPKI's fixed beginning for X25519 and Ed25519 (RFC 8410, 10.1), in hexadecimal.
constexpr const char* kX25519Header = "302a300506032b656e032100";
constexpr const char* kEd25519Header = "302a300506032b6570032100";

/// "spki-sha256:<hex>" by openssl of a raw public key.
std::string raw_id(const KeyFolder& folder, const std::string& header, ByteView raw) {
  Bytes der = *hex_decode(header);
  der.insert(der.end(), raw.begin(), raw.end());
  folder.write("raw.der", as_text(der));
  return folder.openssl_id("-pubin -inform DER -in raw.der");
}

std::string crlf(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("a PuTTY key is the same key as its OpenSSH form", "[key_file]") {
  const std::string type = GENERATE("rsa -b 2048", "dsa -b 1024", "ecdsa -b 256", "ecdsa -b 521", "ed25519", "ed448");
  const std::string version = GENERATE("2", "3");
  const KeyFolder folder;
  folder.write("pw", "geheim\n");
  folder.sh("puttygen -q -t " + type + " -C 'a comment' -o plain.ppk --new-passphrase /dev/null --ppk-param version=" + version +
            " && puttygen plain.ppk -o sealed.ppk -P --old-passphrase /dev/null --new-passphrase pw --ppk-param version=" + version +
            " && puttygen plain.ppk -O public-openssh -o k.pub");
  const std::string id = only_public(folder.file("k.pub")).id;
  const std::string file = folder.file("plain.ppk");
  const Finding plain = only_private(file);
  CHECK(plain.id == id);
  CHECK(plain.severity == Severity::high);
  CHECK(plain.attributes["format"] == "PuTTY " + version);
  CHECK(plain.attributes["consistent"] == true);
  CHECK(plain.attributes["complete"] == true);
  CHECK(plain.attributes["comment"] == "a comment");
  CHECK(only_private(crlf(file)).id == id);
  CHECK(only_private(crlf(file)).attributes["consistent"] == true);

  const Finding sealed = only_private(folder.file("sealed.ppk"));
  CHECK(sealed.id == id);
  CHECK(sealed.severity == Severity::medium);
  CHECK(sealed.attributes["encryption"]["cipher"] == "aes-256-cbc");
  if (version == "3") {
    CHECK(sealed.attributes["encryption"]["kdf"] == "Argon2id");
    CHECK(sealed.attributes["encryption"]["argon2_memory_kib"] == 8192);
    CHECK(sealed.attributes["encryption"]["argon2_passes"] > 0);
  } else {
    const auto weaknesses = sealed.attributes["weaknesses"].get<std::vector<std::string>>();
    CHECK(std::ranges::find(weaknesses, "few-iterations") != weaknesses.end());
  }
  // Another comment than the MAC is of; a private part that is not all there.
  CHECK(only_private(replaced(file, "a comment", "b comment")).attributes["consistent"] == false);
  const Finding cut = only_private(file.substr(0, file.find("Private-Lines: ") + 40));
  CHECK(cut.attributes["complete"] == false);
  CHECK(cut.id == id);
  const std::string secret = file.substr(file.find('\n', file.find("Private-Lines")) + 1, 40);
  CHECK(report_text(scanner().scan(file)).find(secret) == std::string::npos);
}

TEST_CASE("an age identity is X25519, and pairs with its recipient", "[key_file]") {
  const KeyFolder folder;
  const std::string file = folder.sh("age-keygen 2>/dev/null");
  const std::string identity = last_line(file);
  const Scanned both = scanner().scan(file);
  REQUIRE(both.of(FindingType::private_key).size() == 1);
  REQUIRE(both.of(FindingType::public_key).size() == 1);
  const Finding key = only_private(identity);
  const std::string recipient = folder.sh("echo " + identity + " | age-keygen -y").substr(0, 62);
  CHECK(only_public(recipient).id == key.id);
  CHECK(only_public("age: '" + recipient + "'").id == key.id);
  CHECK(key.attributes["key_type"] == "X25519");
  CHECK(key.severity == Severity::high);
  CHECK(report_text(both).find(identity.substr(20, 20)) == std::string::npos);

  std::string wrong = identity;
  wrong[30] = wrong[30] == 'Q' ? 'P' : 'Q';
  CHECK_FALSE(run("echo " + wrong + " | age-keygen -y"));
  check_silent(scanner(), wrong);
  check_silent(scanner(), "X" + identity);
  check_silent(scanner(), identity.substr(0, 60));
  check_silent(scanner(), "AGE-SECRET-KEY-1QQPQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ");
  check_silent(scanner(), "AGE-SECRET-KEY-1XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX # your key");
  std::string other = recipient;
  other[20] = other[20] == 'q' ? 'p' : 'q';
  check_silent(scanner(), other);
  check_silent(scanner(), "im" + recipient);
}

TEST_CASE("signify's and minisign's keys are Ed25519, whose halves pair", "[key_file]") {
  const KeyFolder folder;
  folder.sh("signify-openbsd -G -n -p s.pub -s s.sec && minisign -G -W -f -p m.pub -s m.key");
  for (const auto& [secret, open, format] : {std::tuple{"s.sec", "s.pub", "signify"}, std::tuple{"m.key", "m.pub", "minisign"}}) {
    INFO(format);
    const std::string line = last_line(folder.file(open));
    const Bytes blob = *base64_decode(line);
    const Finding key = only_private(folder.file(secret));
    CHECK(key.id == raw_id(folder, kEd25519Header, ByteView(blob).subspan(10)));
    CHECK(key.attributes["format"] == format);
    CHECK(key.attributes["encrypted"] == false);
    CHECK(key.severity == Severity::high);
    const Finding half = only_public(folder.file(open));
    CHECK(half.id == key.id);
    CHECK(half.attributes["format"] == format);
    CHECK(report_text(scanner().scan(folder.file(secret))).find(last_line(folder.file(secret)).substr(90, 20)) == std::string::npos);
    // Another seed than the public half's.
    Bytes changed = *base64_decode(last_line(folder.file(secret)));
    changed[changed.size() - 64] ^= 1;
    if (std::string_view(format) == "signify") check_silent(scanner(), "untrusted comment: x\n" + base64_encode(changed) + "\n");
  }
}

TEST_CASE("encrypted keys of minisign and signify tell their derivation", "[key_file]") {
  const KeyFolder folder;
  folder.sh("printf 'pw\\npw\\n' | minisign -G -f -p m.pub -s m.key");
  const Finding minisign = only_private(folder.file("m.key"));
  CHECK(minisign.id.starts_with("hmac-sha256:"));
  CHECK(minisign.severity == Severity::medium);
  CHECK(minisign.attributes["encryption"]["kdf"] == "scrypt");
  CHECK(minisign.attributes["encryption"]["scrypt_operations"] == 33'554'432);
  CHECK(minisign.attributes["encryption"]["scrypt_memory_bytes"] == 1'073'741'824);
  folder.sh("signify-openbsd -G -n -p s.pub -s s.sec");
  // signify asks a terminal for its passphrase; only the rounds identify a sealed key.
  Bytes sealed = *base64_decode(last_line(folder.file("s.sec")));
  sealed[7] = 42;
  const Finding signify = only_private("untrusted comment: signify secret key\n" + base64_encode(sealed) + "\n");
  CHECK(signify.attributes["encryption"]["rounds"] == 42);
  CHECK(signify.severity == Severity::medium);
  // A signature and a comment alone are no keys.
  folder.write("message", "text");
  folder.sh("signify-openbsd -S -s s.sec -m message -x message.sig");
  check_silent(scanner(), folder.file("message.sig"));
  check_silent(scanner(), "untrusted comment: verify with x.pub\nRWQexample\n");
}

TEST_CASE("WireGuard's keys are found by their place in a configuration", "[key_file]") {
  const KeyFolder folder;
  const auto made = [&](const std::string& command) {
    std::string key = folder.sh(command);
    key.pop_back();
    return key;
  };
  const std::string secret = made("wg genkey"), shared = made("wg genpsk"), open = made("echo " + secret + " | wg pubkey"),
                    peer = made("wg genkey | wg pubkey");
  const std::string id = raw_id(folder, kX25519Header, *base64_decode(open));
  const std::string config = "[Interface]\nAddress = 10.0.0.1/24\nPrivateKey = " + secret +
                             "\nListenPort = 51820\n\n[Peer]\nPublicKey = " + peer + "\nPresharedKey=" + shared +
                             "\nAllowedIPs = 0.0.0.0/0\n";
  const Finding key = only_private(config);
  CHECK(key.id == id);
  CHECK(key.severity == Severity::high);
  CHECK(key.attributes["key_type"] == "X25519");
  const Scanned scanned = scanner().scan(config);
  REQUIRE(scanned.of(FindingType::secret_key).size() == 1);
  CHECK(scanned.of(FindingType::secret_key)[0].severity == Severity::high);
  CHECK(scanned.of(FindingType::secret_key)[0].id.starts_with("hmac-sha256:"));
  REQUIRE(scanned.of(FindingType::public_key).size() == 1);
  CHECK(scanned.of(FindingType::public_key)[0].id == raw_id(folder, kX25519Header, *base64_decode(peer)));
  for (const std::string& hidden : {secret, shared}) CHECK(report_text(scanned).find(hidden.substr(0, 12)) == std::string::npos);

  CHECK(only_private("[WireGuard]\r\nPrivateKey=" + secret + "\r\n").id == id);
  const std::string manager = "[wireguard]\nprivate-key=" + secret + "\n\n[wireguard-peer." + peer + "]\npreshared-key=" + shared + "\n";
  CHECK(only_private(manager).id == id);
  CHECK(scanner().scan(manager).findings.size() == 3);
}

TEST_CASE("44 characters of base64 elsewhere are no key of WireGuard", "[key_file]") {
  const KeyFolder folder;
  std::string secret = folder.sh("wg genkey");
  secret.pop_back();
  for (const std::string& text :
       {"PrivateKey = " + secret + "\n", "[Service]\nPrivateKey = " + secret + "\n", "[Interface]\nChecksum = " + secret + "\n",
        "[Interface]\nPrivateKey = " + secret + "=\n", "[Interface]\nPrivateKey = " + secret.substr(0, 40) + "\n",
        std::string("[Interface]\nPrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
        std::string("[Interface]\nPrivateKey = <the output of wg genkey>\n"),
        std::string("[Interface]\nPrivateKey = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxA=\n"), "sha256-" + secret + "\n"}) {
    INFO(text);
    check_silent(scanner(), text);
  }
}

TEST_CASE("cut and changed text keys are survived", "[key_file]") {
  const KeyFolder folder;
  folder.sh(
      "puttygen -q -t ed25519 -o p --new-passphrase /dev/null; minisign -G -W -f -p m.pub -s m; signify-openbsd -G -n -p s.pub -s s.sec; "
      "age-keygen -o a 2>/dev/null; "
      "printf '[Interface]\\nPrivateKey = ' > w; wg genkey >> w");
  for (const char* file : {"p", "m", "s.sec", "a", "w"}) {
    INFO(file);
    check_hostile(scanner(), folder.file(file), 3);
  }
  const std::string key = folder.file("p");
  for (const char* count : {"Public-Lines: 4294967295", "Public-Lines: 99999999999999999999", "Public-Lines: -1", "Public-Lines: 0"}) {
    check_silent(scanner(), replaced(key, "Public-Lines: 2", count));
  }
  CHECK(only_private(replaced(key, "Private-Lines: 1", "Private-Lines: 4294967295")).attributes["complete"] == false);
}

}  // namespace landwaiter::detectors
