// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string_view>

namespace landwaiter::detectors {

/// What a public key in SSH's text form is used for, by what stands in front of it in its line and by the file's name.
/// Sets `role` ("host-key", "authorized", "known-host", "identity", or null), `ca` and `revoked`; of an authorized key
/// `options`, the names of its options (sshd(8), AUTHORIZED_KEYS FILE FORMAT) without their values; of a known host
/// `hosts_hashed` and, when they are not, `hosts`.
///
/// `prefix` is the line in front of the key's type.
nlohmann::json describe_ssh_line(std::string_view prefix, std::string_view file_name);

/// Is this the name of a host's key: ssh_host_..._key, with ".pub", "-cert.pub" or nothing behind?
bool names_host_key(std::string_view file_name);

}  // namespace landwaiter::detectors
