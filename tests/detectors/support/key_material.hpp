// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/detectors/support/shell.hpp"

#include <string>

namespace landwaiter::detectors {

/// A folder in which the programs that own a key format make their files.
class KeyFolder {
 public:
  /// The command's output, run in the folder; throws when it fails.
  std::string sh(const std::string& command) const;
  std::string file(const std::string& name) const { return read_file(folder_ / name); }
  void write(const std::string& name, std::string_view content) const { write_file(folder_ / name, content); }
  std::string path(const std::string& name) const { return folder_ / name; }

  /// "spki-sha256:<hex>" of a key file that OpenSSL reads, private or (with "-pubin") public.
  std::string openssl_id(const std::string& arguments) const;
  /// The same of a public key in OpenSSH's form, by ssh-keygen and openssl.
  std::string ssh_id(const std::string& public_file) const;

 private:
  TemporaryFolder folder_;
};

/// Scans the file plain, between other bytes, and behind more than a window of them; each time it must give the one finding of
/// this type, at the right place. Returns the plain one.
Finding only_finding(const FileScanner& scanner, const std::string& file, FindingType type, const std::string& name = {});

/// No finding of any type, and no diagnostic.
void check_silent(const FileScanner& scanner, const std::string& file, const std::string& name = {});

/// Every cut of the file and every byte changed (each `step`-th) is survived, and no report holds the secret.
void check_hostile(const FileScanner& scanner, const std::string& file, std::size_t step);

/// Finding, attributes and diagnostics as text.
std::string report_text(const Scanned& scanned);

}  // namespace landwaiter::detectors
