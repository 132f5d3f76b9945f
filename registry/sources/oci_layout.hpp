// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/seekable_file.hpp"
#include "registry/client/image_source.hpp"

#include <memory>
#include <string>

namespace landwaiter::registry {

/// `oci:DIR[:NAME]` (OCI image-spec, image-layout.md). NAME is as for choose_image(); without it the layout must hold one image.
Result<std::unique_ptr<ImageSource>> open_oci_layout(std::string directory, std::string tag);
/// `oci-archive:FILE[:NAME]`: an OCI layout in a tar, read in place and never extracted; FILE may be "-". `opened` is the file if it is
/// open already.
Result<std::unique_ptr<ImageSource>> open_oci_archive(std::string file, std::string tag,
                                                      std::shared_ptr<const SeekableFile> opened = nullptr);

}  // namespace landwaiter::registry
