// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/wire/credentials.hpp"
#include "core/wire/protocol.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/vault.hpp"

#include <optional>

namespace landwaiter::platform {

/// Stores a registry, its credentials encrypted; returns its id. With `scan_id` it belongs to that scan alone, is not listed, and loses
/// its credentials when the scan ends. conflict if the name is taken.
Result<std::string> create_registry(Transaction& transaction, const Vault& vault, const protocol::RegistryTarget& target,
                                    const Credentials& credentials, const std::optional<std::string>& scan_id, SystemTime now);

/// not_found if there is none, or it was deleted.
Result<protocol::RegistryTarget> registry(Transaction& transaction, std::string_view id);
/// A listed registry with that endpoint, with https:// before it or not; empty if there is none.
std::string registry_by_endpoint(Transaction& transaction, std::string_view endpoint);

/// A registry for a sensor's job: also one that has been deleted since (then without credentials).
struct RegistryAccess {
  protocol::RegistryTarget target;
  Secret credentials;  ///< as by serialize(); empty for anonymous
};
Result<RegistryAccess> registry_access(Transaction& transaction, const Vault& vault, std::string_view id);

nlohmann::json registry_json(Transaction& transaction, std::string_view id);
nlohmann::json list_registries(Transaction& transaction, std::string_view page_token, std::size_t page_size);

/// Deletes its credentials and hides it; scan results stay. not_found; conflict while a scan of it runs.
Result<void> delete_registry(Transaction& transaction, std::string_view id);

}  // namespace landwaiter::platform
