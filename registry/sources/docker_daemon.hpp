// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/seekable_file.hpp"
#include "registry/client/image_source.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::registry {

/// The value of an environment variable; nothing if it is not set.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;

/// Where Docker and Podman listen on this machine: what DOCKER_HOST and CONTAINER_HOST name, otherwise the usual places. Error:
/// invalid_argument if a variable names another machine.
Result<std::vector<std::string>> daemon_sockets(const Variables& environment);

/// The image `name` (NAME[:TAG], NAME@DIGEST, or an id) as the first of these that has it saves it: a docker archive, kept as what comes
/// through a pipe is. Returns when all of it is here. Errors: invalid_argument, not_found, forbidden, unavailable, io; they say what to do.
Result<std::shared_ptr<const SeekableFile>> receive_from_daemon(const std::string& name, const std::vector<std::string>& sockets);

/// `docker-daemon:NAME`: what was received, as an image.
Result<std::unique_ptr<ImageSource>> open_received(const std::string& name, std::shared_ptr<const SeekableFile> received);

}  // namespace landwaiter::registry
