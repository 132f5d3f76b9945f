// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keys/public_key.hpp"
#include "detectors/openpgp/openpgp_s2k.hpp"

#include <optional>
#include <string>

namespace landwaiter::detectors {

/// A file of GnuPG's private-keys-v1.d (agent/keyformat.txt): one key, of OpenPGP, S/MIME or SSH.
struct AgentKey {
  PublicKey public_key;
  openpgp::Protection secret;  ///< part is clear, encrypted or on_card
  bool consistent = true;      ///< false if unencrypted numbers do not match the public key
  std::string keygrip;         ///< upper-case hexadecimal, the name of its file; empty for curves
  std::size_t size = 0;        ///< bytes of the expression
};

/// Reads `(private-key ...)`, `(protected-private-key ...)` or `(shadowed-private-key ...)` at the front of `bytes`.
std::optional<AgentKey> read_agent_key(ByteView bytes);

}  // namespace landwaiter::detectors
