// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/blobs/blob_store.hpp"

#include <filesystem>
#include <memory>

namespace landwaiter::platform {

/// Blobs as files of a folder, also of one that several machines share: each is written beside its place and renamed, and only its owner
/// can read it. Makes the folder. Error: io.
Result<std::unique_ptr<BlobStore>> open_folder_blobs(const std::filesystem::path& folder);

}  // namespace landwaiter::platform
