// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::assets {

/// Which versions of TLS are allowed: "TLSv1.2". All empty when nothing is said.
struct ProtocolBounds {
  std::vector<std::string> enabled;
  std::vector<std::string> disabled;
  std::string minimum;
  std::string maximum;
};

/// One program's cryptographic settings in one file.
struct CryptoConfiguration {
  static constexpr std::string_view kOpenSsh = "OpenSSH";

  std::string software;  ///< "nginx", kOpenSsh, "Java"
  ProtocolBounds protocols;
  std::string ciphers;                 ///< the first list of ciphers, as its program writes it ("HIGH:!aNULL"); empty when there is none
  std::vector<std::string> providers;  ///< OpenSSL's and Java's, in order
  std::map<std::string, std::vector<std::string>> directives;  ///< as written, each value once
  bool password_in_configuration = false;                      ///< a keystore's password stands in the file; it is not kept
};

void add_attributes(const CryptoConfiguration& value, nlohmann::json& attributes);
CryptoConfiguration crypto_configuration_of(const Finding& finding);

}  // namespace landwaiter::assets
