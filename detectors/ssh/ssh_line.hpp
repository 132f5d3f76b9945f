// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <string_view>

namespace landwaiter::detectors {

/// The use of a public key in SSH's text form, according to the line before it and the file's name. Sets `role` ("host-key",
/// "authorized", "known-host", "identity", or null), `ca` and `revoked`; for an authorized key `options`, the names of its options
/// (sshd(8), AUTHORIZED_KEYS FILE FORMAT) without their values; for a known host `hosts_hashed` and, if they are not hashed, `hosts`.
///
/// `prefix` is the line in front of the key's type.
nlohmann::json describe_ssh_line(std::string_view prefix, std::string_view file_name);

/// Whether this is the name of a host key: ssh_host_..._key, optionally with ".pub" or "-cert.pub".
bool names_host_key(std::string_view file_name);

}  // namespace landwaiter::detectors
