// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/detectors/support/shell.hpp"

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// Keys and certificates made by the openssl and ssh-keygen commands when a test runs: none is kept in the repository.
class Material {
 public:
  /// `openssl ARGUMENTS` in the folder, and what it printed.
  std::string openssl(const std::string& arguments) const;
  std::string file(const std::string& name) const { return read_file(folder_ / name); }
  std::string path(const std::string& name) const { return folder_ / name; }

  /// Makes NAME.pem, a PKCS#8 key in PEM, by `openssl genpkey ARGUMENTS`.
  void key(const std::string& name, const std::string& genpkey_arguments) const;
  /// Makes NAME.crt, self-signed by the key NAME.pem, by `openssl req -x509 ARGUMENTS`.
  void certificate(const std::string& name, const std::string& req_arguments) const;
  /// "spki-sha256:<hex>" of the key in a file, by the commands alone.
  std::string key_id(const std::string& name) const;

 private:
  TemporaryFolder folder_;
};

}  // namespace landwaiter::detectors
