// SPDX-License-Identifier: Apache-2.0
#include "daemon/output/table.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <sstream>

using namespace landwaiter;
using namespace landwaiter::daemon;
using nlohmann::json;

namespace {

Digest digest(char c) { return *Digest::parse("sha256:" + std::string(64, c)); }

Finding finding(FindingType type, std::string id, Severity severity, std::string title, std::string path) {
  Finding out;
  out.type = type;
  out.id = std::move(id);
  out.severity = severity;
  out.title = std::move(title);
  out.occurrences.push_back({std::move(path), {}, 0, digest('b'), std::nullopt});
  return out;
}

ImageReport sample() {
  ImageReport image;
  image.facts.reference = "a:1";
  image.facts.layers = {digest('a'), digest('b'), digest('c')};
  Finding key = finding(FindingType::private_key, "k", Severity::critical, "RSA private key, 2048 bits", "srv/app.war");
  key.occurrences[0].archive = {"WEB-INF/key.pem"};
  key.occurrences[0].deleted_by = digest('c');
  key.attributes["issues"] =
      json::array({{{"code", "key-with-certificate"},
                    {"severity", "critical"},
                    {"reason", "Its certificate lies beside it."},
                    {"remedy", "Replace both."}},
                   {{"code", "quantum-vulnerable"}, {"severity", "info"}, {"reason", "Quantum."}, {"remedy", "Plan."}}});
  image.findings.push_back(key);
  for (int i = 0; i < 142; ++i) {
    Finding root = finding(FindingType::certificate, "r" + std::to_string(i), Severity::info, "Certificate CN=Root " + std::to_string(i),
                           "etc/ssl/certs/" + std::to_string(i) + ".pem");
    root.attributes["public_root"] = true;
    Occurrence bundle = root.occurrences[0];
    bundle.path = "opt/java/cacerts";
    if (i < 3) root.occurrences.push_back(bundle);
    image.findings.push_back(root);
  }
  image.findings.push_back(finding(FindingType::crypto_library, "l", Severity::info, "OpenSSL 3.0.22", "usr/lib/libcrypto.so.3"));
  image.findings.push_back(finding(FindingType::public_key, "p1", Severity::info, "Public key one", "p1"));
  image.findings.push_back(finding(FindingType::public_key, "p2", Severity::info, "Public key two", "p2"));
  return image;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, width_of(line));
  return longest;
}

}  // namespace

TEST_CASE("what needs action stands first, with why, what to do, and where") {
  const std::string text = findings_text(sample(), {});
  CHECK(text.starts_with("146 findings: 1 critical, 145 info\n"));
  CHECK(contains(text, "CRITICAL  RSA private key"));
  CHECK(contains(text, "Its certificate lies beside it."));
  CHECK(contains(text, "-> Replace both."));
  CHECK_FALSE(contains(text, "Quantum."));
  CHECK(contains(text, "srv/app.war > WEB-INF/key.pem"));
  CHECK(contains(text, "layer 2 bbbbbbbbbbbb"));
  CHECK(contains(text, "deleted by layer 3 cccccccccccc"));
}

TEST_CASE("public roots are one line and the rest is counted by type, unless all is asked for") {
  const std::string text = findings_text(sample(), {});
  CHECK(contains(text, "142 public root certificates in 2 places (etc/ssl/certs/...)"));
  CHECK(contains(text, "2 public keys, 1 cryptographic library"));
  CHECK_FALSE(contains(text, "Root 17"));
  CHECK(std::ranges::count(text, '\n') < 20);
  const std::string all = findings_text(sample(), {.color = false, .width = 120, .all = true});
  CHECK(contains(all, "Root 17"));
  CHECK(contains(all, "OpenSSL 3.0.22"));
  CHECK_FALSE(contains(all, "--all lists them"));
}

TEST_CASE("no line is wider than the terminal") {
  ImageReport image = sample();
  image.findings[0].occurrences[0].path = "usr/lib/" + std::string(300, 'x');
  image.findings[0].title = "A private key " + std::string(200, 'y');
  for (const std::size_t width : {20U, 40U, 60U, 80U, 120U, 200U}) {
    TableStyle style;
    style.width = width;
    const std::string text = findings_text(image, style);
    INFO(text);
    CHECK(longest_line(text) <= width);
    CHECK(longest_line(text) > width / 2);
  }
}

TEST_CASE("colors mark the severity and nothing else changes") {
  TableStyle style;
  const std::string plain = findings_text(sample(), style);
  style.color = true;
  std::string colored = findings_text(sample(), style);
  CHECK(contains(colored, "\x1b[1;31mCRITICAL"));
  for (std::size_t at = colored.find('\x1b'); at != std::string::npos; at = colored.find('\x1b'))
    colored.erase(at, colored.find('m', at) - at + 1);
  CHECK(colored == plain);
}

TEST_CASE("color and width follow the terminal and the environment") {
  CHECK(wants_color(true, nullptr));
  CHECK(wants_color(true, ""));
  CHECK_FALSE(wants_color(true, "1"));
  CHECK_FALSE(wants_color(false, nullptr));
  CHECK(terminal_width(std::nullopt, nullptr) == 120);
  CHECK(terminal_width(std::nullopt, "90") == 90);
  CHECK(terminal_width(std::nullopt, "5") == 20);
  CHECK(terminal_width(std::nullopt, "99999") == 400);
  CHECK(terminal_width(std::nullopt, "wide") == 120);
}

TEST_CASE("an image without findings says so") { CHECK(findings_text(ImageReport(), {}) == "no findings\n"); }

TEST_CASE("a place in the image's own documents is shown as such") {
  ImageReport image;
  image.facts.layers = {digest('a')};
  Finding key = finding(FindingType::private_key, "k", Severity::high, "EC private key", "etc/key.pem");
  key.occurrences.push_back({"env[3] (TLS_KEY)", {}, 8, {}, std::nullopt, Where::config});
  key.occurrences.push_back({"", {}, 0, {}, std::nullopt, Where::manifest});
  image.findings = {key};
  const std::string text = findings_text(image, {.width = 160});
  INFO(text);
  CHECK(contains(text, "etc/key.pem\n"));
  CHECK(contains(text, "config env[3] (TLS_KEY)\n"));
  CHECK(contains(text, "manifest\n"));
  CHECK(contains(text, "of the image itself, in no layer\n"));
  CHECK(contains(text, "layer bbbb"));
}

namespace {

/// As an old keyring has them.
ImageReport keyring(std::size_t keys) {
  ImageReport image;
  image.facts.layers = {digest('a'), digest('b')};
  for (std::size_t i = 0; i < keys; ++i) {
    Finding key = finding(FindingType::public_key, "k" + std::to_string(i), Severity::medium, "Key " + std::to_string(i), "etc/old.gpg");
    key.attributes["key_type"] = "DSA";
    key.attributes["key_size_bits"] = 1024;
    key.attributes["issues"] =
        json::array({{{"code", "dsa-1024"}, {"severity", "medium"}, {"reason", "Its key is short."}, {"remedy", "Make a new key."}}});
    image.findings.push_back(key);
  }
  return image;
}

}  // namespace

TEST_CASE("equal issues of one file are one row") {
  ImageReport image = keyring(14);
  const std::string text = findings_text(image, {.width = 160});
  INFO(text);
  CHECK(contains(text, "14 public keys, DSA 1024"));
  CHECK(std::ranges::count(text, '\n') < 8);
  CHECK(text.find("Its key is short.") == text.rfind("Its key is short."));
  CHECK(contains(text, "14 findings: 14 medium"));
  CHECK(contains(findings_text(image, {.width = 160, .all = true}), "Key 13"));

  // Another file, another issue and another severity are rows of their own.
  image.findings[1].occurrences[0].path = "etc/other.gpg";
  image.findings[2].attributes["issues"][0]["code"] = "dsa-512";
  image.findings[3].severity = Severity::high;
  const std::string apart = findings_text(image, {.width = 160});
  CHECK(contains(apart, "11 public keys, DSA 1024"));
  for (const char* title : {"Key 1 ", "Key 2 ", "Key 3 "}) CHECK(contains(apart, title));

  // Few, or of several kinds, have their names.
  const std::string two = findings_text(keyring(2), {.width = 160});
  for (const char* part : {"2 public keys:", "Key 0", "Key 1"}) CHECK(contains(two, part));
  ImageReport mixed = keyring(5);
  mixed.findings[4].attributes["key_size_bits"] = 768;
  CHECK(contains(findings_text(mixed, {.width = 160}), "... and 2 more (--all lists"));
}

TEST_CASE("reasons that differ within a row are said to be examples") {
  ImageReport image = keyring(3);
  image.findings[1].attributes["issues"][0]["reason"] = "Its key is even shorter.";
  CHECK(contains(findings_text(image, {.width = 160}), "(The first of them; the others alike.)"));
}

TEST_CASE("a place has its lines, and a layer what made it") {
  ImageReport image = keyring(1);
  image.facts.created_by = {"ADD rootfs /", "COPY tls /etc"};
  image.findings[0].occurrences[0].line = 12;
  CHECK(contains(findings_text(image, {.width = 160}), "etc/old.gpg:12\n"));
  CHECK(contains(findings_text(image, {.width = 160}), "layer 2 bbbbbbbbbbbb: COPY tls /etc\n"));
  Occurrence again = image.findings[0].occurrences[0];
  again.offset = 99;
  again.line = 20;
  image.findings[0].occurrences.push_back(again);
  CHECK(contains(findings_text(image, {.width = 160}), "etc/old.gpg (2 times, lines 12, 20)\n"));
}

TEST_CASE("a narrow terminal gets blocks instead of columns") {
  ImageReport image = sample();
  const std::string text = findings_text(image, {.width = 60});
  INFO(text);
  CHECK_FALSE(contains(text, "WHAT"));
  CHECK(contains(text, "\nCRITICAL\n  RSA private key, 2048 bits\n  Its certificate lies beside it.\n  -> Replace both.\n  srv/app.war"));
}

TEST_CASE("milder findings than asked for are only counted") {
  ImageReport image = sample();
  image.findings.push_back(finding(FindingType::public_key, "p3", Severity::low, "A low one", "p3"));
  const std::string text = findings_text(image, {.least = Severity::high});
  INFO(text);
  CHECK(text.starts_with("147 findings: 1 critical, 1 low, 145 info\n"));
  CHECK(contains(text, "RSA private key"));
  CHECK_FALSE(contains(text, "A low one"));
  CHECK_FALSE(contains(text, "No action needed"));
  CHECK(contains(text, "Not shown: 146 findings that are milder than high (--severity)\n"));
}
