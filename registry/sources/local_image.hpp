// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/seekable_file.hpp"
#include "registry/client/image_source.hpp"

#include <memory>
#include <string>

namespace landwaiter::registry {

/// An image at a path, of whichever kind is there.
struct LocalImage {
  std::string prefix;  ///< that names its kind: "oci:", "oci-archive:", "docker-archive:"
  std::unique_ptr<ImageSource> source;
};

/// A layout, or an archive (also compressed), told by its content; `name` as for choose_image(). `opened` is the file if it is open
/// already. Errors: not_found, unsupported, what the sources have; they say what would do instead.
Result<LocalImage> open_local_image(const std::string& path, const std::string& name, std::shared_ptr<const SeekableFile> opened = nullptr);

}  // namespace landwaiter::registry
