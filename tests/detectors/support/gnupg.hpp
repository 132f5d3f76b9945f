// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/detectors/support/shell.hpp"

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// A key as `gpg --with-colons` lists it.
struct GnuPgKey {
  bool subkey = false;
  std::string algorithm;  ///< a number
  std::string bits;
  std::string created;      ///< seconds since 1970
  std::string expires;      ///< the same, or empty
  std::string fingerprint;  ///< upper-case hexadecimal
  std::string keygrip;
};

/// A GnuPG home of its own, and its agent, which goes when this does.
class GnuPg {
 public:
  GnuPg() = default;
  ~GnuPg();
  GnuPg(const GnuPg&) = delete;
  GnuPg& operator=(const GnuPg&) = delete;

  /// `gpg ARGUMENTS`, and what it printed.
  std::string gpg(const std::string& arguments) const;
  /// Makes keys by `gpg --batch --gen-key` from these parameters (one a line, without %commit).
  void generate(const std::string& parameters, const std::string& passphrase = {}) const;
  std::vector<GnuPgKey> keys(const std::string& user = {}) const;
  std::string home() const { return folder_.path().string(); }
  /// What the agent keeps of this key.
  std::string agent_file(const std::string& keygrip) const { return read_file(folder_ / ("private-keys-v1.d/" + keygrip + ".key")); }

 private:
  TemporaryFolder folder_;
};

std::vector<GnuPgKey> parse_colons(const std::string& listing);

}  // namespace landwaiter::detectors
