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
  for (const std::size_t width : {60U, 80U, 120U, 200U}) {
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
