// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"
#include "detectors/settings/cipher_policy.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// One program's cryptographic settings in one file.
struct CryptoSettings {
  std::string software;  ///< "nginx", "OpenSSH", "OpenSSL", ...
  ProtocolSettings protocols;
  std::map<std::string, std::vector<std::string>> directives;  ///< as written, each value once, in the file's order
  std::string ciphers;                                         ///< the first list of ciphers, as written
  std::vector<std::string> providers;                          ///< OpenSSL's and Java's, in order
  bool password_in_configuration = false;                      ///< the file has a keystore's password; it is not stored
  std::set<std::string> weaknesses;
  std::size_t offset = 0;  ///< of the first directive in the text
  /// Of the directives by which what is weak is allowed, in the text's order; empty when nothing is.
  std::vector<std::size_t> weak_offsets;
};

/// Reads all known directives, each at the start of a line that is not a comment, for every program. Lines that end in a backslash
/// continue. Invalid values are skipped, which excludes prose and source code.
std::vector<CryptoSettings> read_crypto_settings(std::string_view text);

/// The id is a digest of the normalized settings: the same settings in two files are the same finding.
Finding describe_settings(const CryptoSettings& settings);

}  // namespace landwaiter::detectors
