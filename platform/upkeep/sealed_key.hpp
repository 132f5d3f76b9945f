// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/secret.hpp"

#include <cstdint>

namespace landwaiter::platform {

/// What it costs to try a passphrase. The default is libsodium's for what is guessed at offline: a second and 256 MiB.
struct PassphraseCost {
  std::uint64_t operations = 3;
  std::uint64_t memory_bytes = 256U << 20U;
};

/// A key under a passphrase: Argon2id, then XChaCha20-Poly1305. The result says itself what it cost. Error: internal without that memory.
Result<Bytes> seal_key(const Secret& key, const Secret& passphrase, PassphraseCost cost = {});

/// Errors: unauthorized for another passphrase, or a damaged key; malformed; limit_exceeded for one that costs more than we would ask.
Result<Secret> open_sealed_key(ByteView sealed, const Secret& passphrase);

}  // namespace landwaiter::platform
