// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::platform {

/// Image references by the registry they name; in each "name:tag" or "name@digest", doubles removed, in the order given.
/// Error: invalid_argument that quotes the one that is none.
Result<std::map<std::string, std::vector<std::string>>> group_by_registry(const std::vector<std::string>& references);

/// A registry's address as people write it.
struct RegistryAddress {
  std::string host;         ///< with port when given
  bool plain_http = false;  ///< it began with http://
};
/// "host", "host:5000", with http://, https:// or docker:// before and "/" behind. Error: invalid_argument, which does not repeat
/// the text, since people paste user:password@host.
Result<RegistryAddress> parse_registry_address(std::string_view text);

}  // namespace landwaiter::platform
