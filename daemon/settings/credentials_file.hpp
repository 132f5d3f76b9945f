// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/credentials.hpp"

#include <string>

namespace landwaiter::daemon {

/// The JSON of core/wire/credentials.hpp from a file, or from standard input for "-"; at most limits::credentials_file_bytes_max. Errors
/// (invalid_argument, io, malformed, limit_exceeded) name the file but no value in it.
Result<Credentials> read_credentials(const std::string& file);

}  // namespace landwaiter::daemon
