// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/client/image_source.hpp"

#include <memory>
#include <string>

namespace landwaiter::registry {

/// `docker-archive:FILE[:REFERENCE]` from `docker save`: the manifest is made from manifest.json, a layer's digest is its diff_id.
Result<std::unique_ptr<ImageSource>> open_docker_archive(std::string file, std::string reference);

}  // namespace landwaiter::registry
