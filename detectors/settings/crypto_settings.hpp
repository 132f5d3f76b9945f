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

/// What one program is told in one file about cryptography.
struct CryptoSettings {
  std::string software;  ///< "nginx", "OpenSSH", "OpenSSL", ...
  ProtocolSettings protocols;
  std::map<std::string, std::vector<std::string>> directives;  ///< as written, each value once, in the file's order
  std::string ciphers;                                         ///< the first list of ciphers, as written
  std::vector<std::string> providers;                          ///< OpenSSL's and Java's, in order
  bool password_in_configuration = false;                      ///< a keystore's password stands in the file; it is not kept
  std::set<std::string> weaknesses;
  std::size_t offset = 0;  ///< of the first directive in the text
};

/// Reads the directives that the table knows, each at the beginning of a line that is no comment, of every program whose
/// directives occur. Lines that end in a backslash go on. A value that cannot be what the directive wants is passed over,
/// so that prose and source code say nothing.
std::vector<CryptoSettings> read_crypto_settings(std::string_view text);

/// The id is of the normalised settings: the same settings in two files are the same finding.
Finding describe_settings(const CryptoSettings& settings);

}  // namespace landwaiter::detectors
