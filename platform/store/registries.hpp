// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/wire/credentials.hpp"
#include "core/wire/protocol.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/vault.hpp"

#include <optional>

namespace landwaiter::platform {

/// Stores a registry, its credentials encrypted; returns its id. With `scan_id` it belongs to that scan alone, is not listed, and
/// loses its credentials when the scan ends. conflict when the name is taken.
Result<std::string> create_registry(Transaction& transaction, const Vault& vault, const protocol::RegistryTarget& target,
                                    const Credentials& credentials, const std::optional<std::string>& scan_id, SystemTime now);

/// not_found when there is none, or it was deleted.
Result<protocol::RegistryTarget> registry(Transaction& transaction, std::string_view id);
/// A listed registry of that endpoint; empty when there is none.
std::string registry_by_endpoint(Transaction& transaction, std::string_view endpoint);

/// A registry as a sensor needs it for a job: also one that was deleted meanwhile (without credentials then).
struct RegistryAccess {
  protocol::RegistryTarget target;
  std::string sealed_credentials;  ///< base64; empty for anonymous
};
Result<RegistryAccess> registry_access(Transaction& transaction, const Vault& vault, std::string_view id, ByteView sensor_public_key);

nlohmann::json registry_json(Transaction& transaction, std::string_view id);
nlohmann::json list_registries(Transaction& transaction, std::string_view page_token, std::size_t page_size);

/// Forgets its credentials and hides it; what was scanned stays. not_found; conflict while a scan of it runs.
Result<void> delete_registry(Transaction& transaction, std::string_view id);

}  // namespace landwaiter::platform
