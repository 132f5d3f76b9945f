// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/client/image_source.hpp"

#include <memory>
#include <string>

namespace landwaiter::registry {

inline constexpr const char* kContainerdRoot = "/var/lib/containerd";

/// `containerd:DIGEST`: an image in containerd's content store below `root`, where each blob is a file by its digest: a layout without an
/// index. Of an index, the platforms that were pulled. Names are in a database that is not read. Errors: invalid_argument, not_found, io;
/// they say what to do.
Result<std::unique_ptr<ImageSource>> open_containerd(const std::string& root, const std::string& name);

}  // namespace landwaiter::registry
