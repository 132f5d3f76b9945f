// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/seekable_file.hpp"
#include "registry/client/image_source.hpp"
#include "registry/sources/tar_file.hpp"

#include <memory>
#include <string>

namespace landwaiter::registry {

/// `docker-archive:FILE[:REFERENCE]` as `docker save`, `podman save`, kaniko, jib, crane and ko write it; FILE may be "-". The manifest is
/// made from manifest.json; a layer's digest is that of its bytes (layer_archive.hpp), the image's that of its config. `opened` is the file
/// if it is open already.
Result<std::unique_ptr<ImageSource>> open_docker_archive(std::string file, std::string reference,
                                                         std::shared_ptr<const SeekableFile> opened = nullptr);
/// The same in a tar that is open; `where` names it for people.
Result<std::unique_ptr<ImageSource>> docker_archive_in(TarFile tar, const std::string& where, std::string reference);

}  // namespace landwaiter::registry
