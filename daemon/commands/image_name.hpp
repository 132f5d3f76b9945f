// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <string>

namespace landwaiter::daemon {

enum class ImageKind {
  remote,          ///< [docker://]REF, https://REF, http://REF
  layout,          ///< oci:
  oci_archive,     ///< oci-archive:
  docker_archive,  ///< docker-archive:
  path,            ///< a layout or an archive, of whichever kind its content is
  folder,          ///< dir: a tree of files
  docker_daemon,   ///< docker-daemon:
  containerd,      ///< containerd:
};

/// An image as a user names it.
struct ImageName {
  ImageKind kind = ImageKind::remote;
  std::string rest;  ///< behind the prefix
  std::string note;  ///< what was chosen, if the name can mean two things
};

/// A prefix decides; what begins like a path is one; of what else is there as a file and could be an image of a registry, the file is
/// meant. A mistyped prefix and a missing archive are no names for Docker Hub. Error: invalid_argument, not_found.
Result<ImageName> parse_image_name(const std::string& text);

/// Whether it is an archive, which may come through a pipe.
bool is_archive(ImageKind kind);

}  // namespace landwaiter::daemon
