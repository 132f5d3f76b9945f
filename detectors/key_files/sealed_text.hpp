// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Encrypted secrets in text.

/// "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----" and "... SIGSTORE ...": base64 of JSON with scrypt's parameters and a secretbox.
/// The hit ends with that line.
void inspect_cosign_key(const Window& window, const Hit& hit, FindingSink& sink);
/// "$ANSIBLE_VAULT;1.1;AES256" or "1.2" with a label, then lines of hexadecimal, indented in YAML. The hit ends with "AES256".
void inspect_ansible_vault(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
