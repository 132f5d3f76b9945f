// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::platform {

/// Image references by the registry they name; for each, "name:tag" or "name@digest" in the given order, without duplicates. Error:
/// invalid_argument that quotes the invalid one.
Result<std::map<std::string, std::vector<std::string>>> group_by_registry(const std::vector<std::string>& references);

/// A registry's address as users write it.
struct RegistryAddress {
  std::string host;         ///< with port when given
  bool plain_http = false;  ///< it started with http://
  bool https = false;       ///< with https://: then a loopback host speaks TLS, too
};
/// "host", "host:5000", with an optional http://, https:// or docker:// prefix and trailing "/". Error: invalid_argument, which does not
/// repeat the text, because people paste user:password@host.
Result<RegistryAddress> parse_registry_address(std::string_view text);

}  // namespace landwaiter::platform
