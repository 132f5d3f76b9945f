// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/client/image_source.hpp"

#include <memory>
#include <string>

namespace landwaiter::registry {

/// `oci:DIR[:TAG]` (OCI image-spec, image-layout.md). Without a tag the layout must hold one image.
Result<std::unique_ptr<ImageSource>> open_oci_layout(std::string directory, std::string tag);
/// `oci-archive:FILE[:TAG]`: an OCI layout in a tar, read in place and never extracted.
Result<std::unique_ptr<ImageSource>> open_oci_archive(std::string file, std::string tag);

}  // namespace landwaiter::registry
