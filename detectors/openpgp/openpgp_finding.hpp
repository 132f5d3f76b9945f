// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"
#include "detectors/openpgp/openpgp_keyblock.hpp"

#include <string_view>
#include <vector>

namespace landwaiter::detectors::openpgp {

/// One finding per key of the block, primary key and subkeys, in order. `encoding` is "armor", "binary" or "keybox". A private key
/// without its numbers (gnu-dummy, on a card) is reported as a public key, with `private_part` saying why.
std::vector<Finding> describe_key_block(const KeyBlock& block, std::string_view encoding);

/// The part of it that is the same for keys without a packet around them: type, id, severity, title and the attributes of the public key,
/// of its protection and its weaknesses. `identity`, which is public, is hashed if the key has no SubjectPublicKeyInfo.
Finding describe_key(const PublicKey& key, const Protection& secret, ByteView identity);

}  // namespace landwaiter::detectors::openpgp
