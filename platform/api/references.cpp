// SPDX-License-Identifier: Apache-2.0
#include "platform/api/references.hpp"

#include "core/base/text.hpp"
#include "registry/client/reference.hpp"
#include "registry/http/host.hpp"

#include <set>
#include <utility>

namespace landwaiter::platform {

Result<std::map<std::string, std::vector<std::string>>> group_by_registry(const std::vector<std::string>& references) {
  std::map<std::string, std::vector<std::string>> groups;
  std::set<std::pair<std::string, std::string>> seen;
  for (const std::string& text : references) {
    const auto reference = registry::Reference::parse(text);
    if (!reference) return reference.error();
    std::string name = reference->repository + (reference->digest.empty() ? ":" + reference->tag : "@" + reference->digest.str());
    if (seen.emplace(reference->host, name).second) groups[reference->host].push_back(std::move(name));
  }
  return groups;
}

Result<RegistryAddress> parse_registry_address(std::string_view text) {
  RegistryAddress address;
  std::string_view host = trim(text);
  for (const std::string_view scheme : {"http://", "https://", "docker://"}) {
    if (host.size() < scheme.size() || !iequals(host.substr(0, scheme.size()), scheme)) continue;
    address.plain_http = scheme == "http://";
    address.https = scheme == "https://";
    host.remove_prefix(scheme.size());
    break;
  }
  while (host.ends_with('/')) host.remove_suffix(1);
  if (!registry::is_host(host))
    return Error(ErrorCode::invalid_argument, "endpoint must be HOST[:PORT], with http:// or https:// before it if wanted");
  address.host = to_lower(host);
  return address;
}

}  // namespace landwaiter::platform
