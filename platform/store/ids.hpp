// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/clock.hpp"
#include "core/base/secret.hpp"

#include <string>
#include <string_view>

namespace landwaiter::platform {

/// A UUID of version 7 (RFC 9562): sorts by creation time.
std::string new_id(SystemTime now);

/// 256 random bits as base64url after `prefix`.
Secret new_token(std::string_view prefix);

/// The stored form of a token: tokens are random enough that a plain hash cannot be brute-forced.
Bytes token_hash(std::string_view token);

/// In constant time; false when either is empty.
bool same_hash(ByteView a, ByteView b);

/// `count` bytes of the system's randomness.
Bytes random_bytes(std::size_t count);

}  // namespace landwaiter::platform
