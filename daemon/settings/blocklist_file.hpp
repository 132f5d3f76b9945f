// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/blocklist.hpp"

#include <filesystem>

namespace landwaiter::daemon {

/// The file is mapped, not read: such lists have gigabytes, and a scan reads only a few pages. Errors: io, malformed.
Result<std::shared_ptr<const Blocklist>> open_blocklist(const std::filesystem::path& file);

}  // namespace landwaiter::daemon
