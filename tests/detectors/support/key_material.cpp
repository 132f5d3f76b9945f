// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/support/key_material.hpp"

#include "core/base/encoding.hpp"
#include "tests/support/catch.hpp"

namespace landwaiter::detectors {

std::string KeyFolder::sh(const std::string& command) const {
  return must_run("cd " + shell_quoted(folder_.path().string()) + " && " + command);
}

std::string KeyFolder::openssl_id(const std::string& arguments) const {
  return "spki-sha256:" +
         sh("openssl pkey " + arguments + " -pubout -outform DER > spki.der && openssl dgst -sha256 -r spki.der").substr(0, 64);
}

std::string KeyFolder::ssh_id(const std::string& public_file) const {
  sh("ssh-keygen -e -m PKCS8 -f " + public_file + " > pkcs8.pem");
  return openssl_id("-pubin -in pkcs8.pem");
}

namespace {

Finding one_at(const FileScanner& scanner, const std::string& file, FindingType type, const std::string& name, std::size_t offset) {
  const Scanned scanned = scanner.scan(file, name);
  const auto found = scanned.of(type);
  INFO(report_text(scanned));
  REQUIRE(found.size() == 1);
  CHECK(scanned.diagnostics.empty());
  CHECK(found[0].occurrences[0].offset == offset);
  return found[0];
}

}  // namespace

Finding only_finding(const FileScanner& scanner, const std::string& file, FindingType type, const std::string& name) {
  const Finding plain = one_at(scanner, file, type, name,
                               scanner.scan(file, name).findings.empty() ? 0 : scanner.scan(file, name).findings[0].occurrences[0].offset);
  const std::size_t offset = plain.occurrences[0].offset;
  // A line's end before it and after it: text formats are read by lines, binary ones do not mind.
  const std::string before =
                        "\x7f"
                        "ELF and other bytes\n",
                    after = "\n\x01 something else";
  CHECK(one_at(scanner, before + file + after, type, name, before.size() + offset).id == plain.id);
  const std::string far(1'048'576 + 131'072 - 37, '\n');
  CHECK(one_at(scanner, far + file + after, type, name, far.size() + offset).id == plain.id);
  return plain;
}

void check_silent(const FileScanner& scanner, const std::string& file, const std::string& name) {
  const Scanned scanned = scanner.scan(file, name);
  INFO(report_text(scanned));
  CHECK(scanned.findings.empty());
  CHECK(scanned.diagnostics.empty());
}

void check_hostile(const FileScanner& scanner, const std::string& file, std::size_t step) {
  REQUIRE(file.size() >= 40);
  std::size_t cuts = 0;
  for (std::size_t size = 0; size < file.size(); size += step, ++cuts) {
    const Scanned scanned = scanner.scan(std::string_view(file).substr(0, size));
    CHECK(scanned.findings.size() <= 8);
  }
  for (std::size_t at = 0; at < file.size(); at += step, ++cuts) {
    for (const char byte : {'\x00', '\xff', '\x7f'}) {
      std::string changed = file;
      changed[at] = byte;
      CHECK(scanner.scan(changed).findings.size() <= 8);
    }
  }
  REQUIRE(cuts > 10);
}

std::string report_text(const Scanned& scanned) {
  std::string out;
  for (const Finding& finding : scanned.findings) out += nlohmann::json(finding).dump() + '\n';
  for (const Diagnostic& diagnostic : scanned.diagnostics) out += "diagnostic: " + diagnostic.message + '\n';
  return out;
}

}  // namespace landwaiter::detectors
