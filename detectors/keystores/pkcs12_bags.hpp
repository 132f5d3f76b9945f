// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/keystores/keystore.hpp"

#include <string>
#include <vector>

namespace landwaiter::detectors {

/// A SafeBag of PKCS #12 (RFC 7292, 4.2): a key, a certificate or a secret, with its attributes.
struct Pkcs12Bag {
  KeystoreEntry entry;
  std::string key_id;    ///< localKeyId, printable; binds a key to its certificate
  bool trusted = false;  ///< Java says that it trusts the certificate
};

/// Appends the bags of a SafeContents in DER or BER, nested ones too. Records weaknesses in the keystore, whose memory also holds
/// rewritten BER. False if something cannot be read or there are too many; those before it are kept.
bool read_pkcs12_bags(ByteView safe_contents, Keystore& keystore, std::vector<Pkcs12Bag>& bags);

/// Bags as entries: keys with their chains, and the certificates that are in none.
std::vector<KeystoreEntry> join_pkcs12_bags(const std::vector<Pkcs12Bag>& bags);

/// The content of an OCTET STRING as DER; BER is rewritten into the keystore's memory. The bytes unchanged if it is neither.
ByteView inner_der(ByteView bytes, Keystore& keystore);

}  // namespace landwaiter::detectors
