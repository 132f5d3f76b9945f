// SPDX-License-Identifier: Apache-2.0
// Programs and libraries that speak of keys and certificates, and hold no key.
#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/detectors/support/shell.hpp"
#include "tests/support/catch.hpp"

#include <iostream>

namespace landwaiter::detectors {
namespace {

namespace fs = std::filesystem;

/// Each binary that belongs to cryptography, as far as this machine has it, and some large ones that do not.
std::vector<fs::path> programs() {
  std::vector<fs::path> out;
  for (const char* folder : {"/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"}) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      const bool library = name.starts_with("lib") && name.find(".so") != std::string::npos;
      if (library && entry.is_regular_file() && !entry.is_symlink()) out.push_back(entry.path());
    }
  }
  for (const char* file : {"/usr/bin/openssl", "/usr/bin/ssh", "/usr/bin/ssh-keygen", "/usr/sbin/sshd", "/usr/bin/git",
                           "/usr/bin/python3.11", "/usr/bin/curl", "/usr/bin/gpg", "/usr/bin/skopeo", "/usr/bin/docker-registry"}) {
    if (fs::exists(file)) out.emplace_back(file);
  }
  return out;
}

}  // namespace

TEST_CASE("no private key is seen in the programs of this machine, beside published ones", "[false_positives]") {
  const FileScanner scanner;
  std::size_t files = 0, bytes = 0, hits = 0, certificates = 0, published = 0, diagnostics = 0;
  for (const fs::path& path : programs()) {
    const std::string content = read_file(path);
    const Scanned scanned = scanner.scan(content);
    ++files;
    bytes += content.size();
    hits += scanned.hits;
    certificates += scanned.of(FindingType::certificate).size();
    diagnostics += scanned.diagnostics.size();
    INFO(path.string());
    // `openssl speed` and GnuTLS's self-tests do carry keys, which everybody has; they must be known as such.
    for (const Finding& key : scanned.of(FindingType::private_key)) {
      INFO(key.title << " at " << key.occurrences[0].offset);
      CHECK_FALSE(key.attributes["publisher"].is_null());
      CHECK(key.severity == Severity::low);
      ++published;
    }
    CHECK(scanned.diagnostics.empty());
  }
  REQUIRE(files > 20);
  std::cout << files << " programs and libraries, " << bytes / 1'000'000 << " MB: " << hits << " hits, " << certificates
            << " certificates, " << published << " published test keys, " << diagnostics << " diagnostics\n";
}

TEST_CASE("names in a program's read-only data are not keys", "[false_positives]") {
  const FileScanner scanner;
  const std::string zero(1, '\0');
  std::string strings;
  for (const char* label :
       {"CERTIFICATE", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"}) {
    strings += "-----BEGIN " + std::string(label) + "-----" + zero + "AVeryLongFunctionNameThatIsAllLettersAndCouldPassForBase64x509Parse" +
               zero + "-----END " + label + "-----" + zero + "-----BEGIN " + label + "-----\n" + zero + "mbedtls_pk_parse_key" + zero;
  }
  const Scanned scanned = scanner.scan(strings);
  CHECK(scanned.hits > 0);
  CHECK(scanned.findings.empty());
  CHECK(scanned.diagnostics.empty());
}

}  // namespace landwaiter::detectors
