// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/support/temp_dir.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace landwaiter::test {

struct CertificateFiles {
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM, without a passphrase
};

/// A certificate authority of the test's own, made with openssl in a temporary folder. Failing throws.
class TestAuthority {
 public:
  TestAuthority();
  /// The authority's certificate.
  std::string ca_file() const { return (folder_ / "ca.pem").string(); }
  /// For a server that is called one of `names` (host names and addresses), or for a client.
  CertificateFiles issue(const std::vector<std::string>& names) const;
  /// The same, which ended yesterday.
  CertificateFiles issue_expired(const std::vector<std::string>& names) const;

 private:
  CertificateFiles make(const std::vector<std::string>& names, const std::vector<std::string>& validity) const;
  TempDir folder_;
  mutable std::size_t issued_ = 0;
};

}  // namespace landwaiter::test
