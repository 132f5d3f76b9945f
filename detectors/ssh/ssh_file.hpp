// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Files of SSH programs with a magic number. Each reader is called with a hit of its magic, reports what it can read, and ignores
/// lookalikes.

/// "---- BEGIN SSH2 PUBLIC KEY ----" (RFC 4716); the hit ends with that line.
void inspect_rfc4716(const Window& window, const Hit& hit, FindingSink& sink);
/// "SSH PRIVATE KEY FILE FORMAT 1.1\n\0", the private key of the first protocol, always RSA. The hit ends with the zero.
void inspect_ssh1_private(const Window& window, const Hit& hit, FindingSink& sink);
/// "SSHKRL\n\0", a list of revoked keys (OpenSSH's PROTOCOL.krl). The hit ends with the zero. The list ends where no section follows.
void inspect_krl(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
