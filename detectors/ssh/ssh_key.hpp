// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keys/private_key.hpp"

#include <vector>

namespace landwaiter::detectors {

/// The keys of an openssh-key-v1 file (OpenSSH's PROTOCOL.key), of which ssh-keygen writes one. The public half is never encrypted.
/// Without encryption, the check numbers and the padding must match, otherwise `consistent` is false. The comment is not read: it names
/// people.
Result<std::vector<PrivateKey>> read_openssh_private(ByteView bytes);

/// A public key as SSH sends it (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709) as SubjectPublicKeyInfo. For a key on a token ("sk-..."), the
/// verification key. Certificates are not read.
std::optional<PublicKey> read_ssh_public_key(ByteView blob);

/// The fields of such a key after its type, also inside a certificate (OpenSSH's PROTOCOL.certkeys).
std::optional<PublicKey> read_ssh_public_fields(std::string_view type, ByteReader& reader);

/// Appends SSH's `string`: a length in four bytes, then the bytes (RFC 4251, 5).
void append_ssh_string(Bytes& out, ByteView bytes);

/// "SHA256:" and unpadded base64, as ssh-keygen -l prints it.
std::string ssh_fingerprint(ByteView blob);

}  // namespace landwaiter::detectors
