// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <filesystem>
#include <string>

namespace landwaiter {

/// Makes the directory and those above it; a new one is readable by its owner alone. Error: io.
Result<void> make_private_directory(const std::filesystem::path& directory);

/// Writes a file that only its owner can read: to a temporary file beside it, synced and renamed, so that a kill leaves the old file
/// or the new one. Makes its folder. Error: io.
Result<void> write_private_file(const std::filesystem::path& file, const std::string& text);

/// The whole content of a file that this program wrote itself. Error: io.
Result<std::string> read_small_file(const std::filesystem::path& file);

}  // namespace landwaiter
