// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "platform/upkeep/backup.hpp"

#include <string>
#include <vector>

namespace landwaiter::platform {

/// Tells on standard error what a long command is at: a line for each hundred thousand rows.
UpkeepProgress told_progress();

/// "1234 rows in 17 tables"
std::string size_text(const std::vector<storage::TableSum>& tables);

/// The first line of a file that only its owner can read. Empty for no file. Errors: configuration.
Result<Secret> read_passphrase(const std::string& file);

}  // namespace landwaiter::platform
