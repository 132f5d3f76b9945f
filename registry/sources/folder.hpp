// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/client/image_source.hpp"

#include <memory>
#include <string>

namespace landwaiter::registry {

/// `dir:FOLDER`: a tree of files as an image of one layer (folder_tar.hpp). It is read twice, for the layer's digest and for its content,
/// so a tree that changes in between is an error (io). Then it is outdated(), and manifest("") gives the tree as it is now, without the
/// files that were written to. The image's digest is that of its config, which has nothing but the layer's.
Result<std::unique_ptr<ImageSource>> open_folder(std::string path);

}  // namespace landwaiter::registry
