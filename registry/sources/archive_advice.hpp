// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/sources/tar_file.hpp"

#include <memory>
#include <string>

/// What is said of a local image that cannot be opened: which prefix, or which command, would do.
namespace landwaiter::registry {

/// The tar at `file`, or in `opened` if that is given. `where` is the prefix and path that the user gave.
Result<TarFile> open_archive(const std::string& file, std::shared_ptr<const SeekableFile> opened, const std::string& where);

/// The archive has no `wanted` (manifest.json or index.json).
Error no_index(const TarFile& tar, const std::string& file, const std::string& where, const std::string& wanted);

/// The error, and what is there instead if it can be read.
Error advised(const Error& error, const std::string& path, const std::string& where);

}  // namespace landwaiter::registry
