// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/openpgp/openpgp_key.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::detectors::openpgp {

/// Facts from the key's newest self-signature: for a primary key from the newest certification and, for facts missing there, from the
/// newest direct-key signature that has them. Signatures are not verified: anyone who can change a keyring can write anything here, as in
/// the user ids.
struct SelfSignature {
  std::uint32_t made = 0;
  unsigned hash = 0;                      ///< RFC 9580, 9.5; 0 if there is no such signature
  std::optional<std::uint32_t> lifetime;  ///< seconds after the key's creation; nothing when it does not expire
  std::optional<unsigned> flags;          ///< first octet of the key flags (RFC 9580, 5.2.3.29)
};

struct Member {
  Key key;
  bool primary = false;
  std::size_t begin = 0;           ///< of its packet
  SelfSignature signature;         ///< certification or binding
  SelfSignature direct_signature;  ///< of a primary key
  bool revoked = false;
};

/// The combined facts of a member's two signatures.
SelfSignature self_signature(const Member& member);

/// A primary key, and what belongs to it (RFC 9580, 10.1 and 10.2): "transferable key".
struct KeyBlock {
  std::vector<Member> members;        ///< the primary key first
  std::vector<std::string> user_ids;  ///< unchanged; at most kUserIdsMax of them
  std::size_t size = 0;               ///< bytes up to the first packet that does not belong to it
  bool cut = false;                   ///< the bytes end in the middle of a packet
  /// Something that belongs to a key follows the primary key: a user id in clean text, a signature over a key, a subkey.
  bool confirmed = false;
};

inline constexpr std::size_t kUserIdsMax = 64;
/// Subkeys of one key; rotating three of them each year for a working life gives 150.
inline constexpr std::size_t kSubkeysMax = 250;

/// The key at the front of `bytes`, or nothing. Packets of unknown kinds or versions are skipped.
std::optional<KeyBlock> read_key_block(ByteView bytes);

/// The names of the key flags' bits: "certify", "sign", "encrypt-communications", ...
std::vector<std::string> usage_names(unsigned flags);

}  // namespace landwaiter::detectors::openpgp
