// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keys/public_key.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// A public key in SSH's text form, certified or not.
struct SshPublicKey {
  PublicKey key;
  std::string type;             ///< "ssh-rsa", "ssh-ed25519-cert-v01@openssh.com"
  std::string fingerprint;      ///< of only the key, as ssh-keygen -l prints it
  nlohmann::json certificate;   ///< null if it is not one; otherwise kind, serial, key_id, principals, validity, options, ca_fingerprint...
  bool sha1_signature = false;  ///< the certificate's
  bool expires = true;          ///< false for a certificate that is valid forever
};

/// Reads a key (RFC 4253, 6.6) or a certificate (OpenSSH's PROTOCOL.certkeys) that fills `blob`. The certificate's signature
/// is not verified.
std::optional<SshPublicKey> read_ssh_key_or_certificate(ByteView blob);

}  // namespace landwaiter::detectors
