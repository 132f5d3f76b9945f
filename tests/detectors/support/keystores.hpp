// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/detectors/support/scan_bytes.hpp"
#include "tests/detectors/support/shell.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// A folder with keystores that keytool makes, with Bouncy Castle's provider for its own kinds; keytool's messages stay away.
class Keytool {
 public:
  explicit Keytool(std::string password = "change-me-not") : password_(std::move(password)) {}

  std::string run(const std::string& store, const std::string& type, const std::string& arguments,
                  const std::string& environment = "") const;
  /// Two keys with chains of one, a trusted certificate, and where the format has them a secret key.
  void make(const std::string& store, const std::string& type, bool secret_key) const;
  /// SHA-256 of the certificate under an alias, by keytool.
  std::string certificate_id(const std::string& store, const std::string& type, const std::string& alias) const;

  std::string file(const std::string& store) const { return read_file(folder_ / store); }
  std::string path(const std::string& name) const { return folder_ / name; }
  const std::string& password() const { return password_; }

 private:
  TemporaryFolder folder_;
  std::string password_;
};

/// One line for each entry of a listing, sorted: "alias kind digest-of-leaf", to be compared with what another program says.
std::vector<std::string> lines_of(const Finding& keystore);
/// The same by `keytool -list`.
std::vector<std::string> listed_by_keytool(const Keytool& keytool, const std::string& store, const std::string& type);

/// With passwords being tried or not.
const FileScanner& keystore_scanner(bool try_passwords = true);
/// The keystore in a scan of a file that is one; checks its id, its size and that there was nothing to complain about.
Finding only_keystore(const Scanned& scanned, const std::string& file);
const nlohmann::json& entry_of(const Finding& keystore, const std::string& alias);
bool has_weakness(const Finding& finding, const std::string& code);
/// The whole report on a file, to be searched for what must not be in it.
std::string everything(const Scanned& scanned);

/// `/usr/bin/python3 -c SCRIPT ARGUMENTS`, Debian's own, which has Debian's modules.
std::string python(const std::string& script, const std::string& arguments);

}  // namespace landwaiter::detectors
