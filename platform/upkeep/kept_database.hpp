// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/platform.hpp"
#include "storage/database/database.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace landwaiter::platform {

/// A connection whose statements may take as long as they need. Makes no database. Error: not_found if there is no platform; io.
Result<std::unique_ptr<storage::Database>> connect_to_kept(const PlatformConfig& config);

/// The same to a database of this program's schema. Errors: configuration for another schema, a database that no platform used yet, and
/// one that is half filled: it says what to do, and nothing is changed.
Result<std::unique_ptr<storage::Database>> open_kept(const PlatformConfig& config);

struct SchemaState {
  std::int64_t run = 0;    ///< steps that were run
  std::int64_t known = 0;  ///< steps that this program knows
};

/// Errors: those of connect_to_kept(), and io for a newer schema or that of another program.
Result<SchemaState> schema_state(const PlatformConfig& config);

/// Brings the schema up to date. To be called while no platform uses the database. The state before.
Result<SchemaState> migrate_kept(const PlatformConfig& config);

}  // namespace landwaiter::platform
