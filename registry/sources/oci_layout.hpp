// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/digest.hpp"
#include "core/os/files.hpp"
#include "core/os/seekable_file.hpp"
#include "registry/client/image_source.hpp"
#include "registry/sources/tar_file.hpp"

#include <memory>
#include <string>

namespace landwaiter::registry {

/// `oci:DIR[:NAME]` (OCI image-spec, image-layout.md). NAME is as for choose_image(); without it the layout must hold one image.
Result<std::unique_ptr<ImageSource>> open_oci_layout(std::string directory, std::string tag);
/// `oci-archive:FILE[:NAME]`: an OCI layout in a tar, read in place and never extracted; FILE may be "-". `opened` is the file if it is
/// open already.
Result<std::unique_ptr<ImageSource>> open_oci_archive(std::string file, std::string tag,
                                                      std::shared_ptr<const SeekableFile> opened = nullptr);
/// The same in a tar that is open; `where` names it for people.
Result<std::unique_ptr<ImageSource>> oci_archive_in(TarFile tar, const std::string& where, std::string tag);
/// A folder with the blobs of a layout and no index.json: `image` names the manifest or index, `where` the folder for people. What an index
/// names and is not here is left out.
Result<std::unique_ptr<ImageSource>> open_blob_folder(std::string directory, ForeignFolder folder, const Digest& image, std::string where);

}  // namespace landwaiter::registry
