// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/bytes.hpp"
#include "core/finding.hpp"
#include "core/result.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace landwaiter::detectors {

/// One entry of a keystore, as far as it can be read without the password. The views are parts of the bytes that were read.
struct KeystoreEntry {
  std::string alias;                   ///< printable; empty when it has none, or it is encrypted
  std::string kind;                    ///< "private-key", "certificate", "secret-key", "sealed"
  std::string created;                 ///< RFC 3339, empty when the format does not say
  nlohmann::json encryption;           ///< of a key, as describe_password_encryption() has it; null when not known
  std::vector<ByteView> certificates;  ///< DER; of a key its chain, leaf first
};

/// What a keystore says of itself without its password.
struct Keystore {
  std::string type;                    ///< "JKS", "JCEKS", "BKS", "UBER", "BCFKS", "PKCS12"
  std::optional<unsigned> version;
  std::vector<KeystoreEntry> entries;  ///< those that can be read
  nlohmann::json encryption;           ///< of the whole; null when entries can be listed
  nlohmann::json integrity;            ///< how it is kept from being changed: {algorithm, iterations}; null when it is not
  std::vector<std::string> weaknesses;
  /// Why the list of entries ends early; empty when it is whole.
  std::string problem;
  ByteView whole;                      ///< from its first byte to its last
  Bytes storage;                       ///< what the views point into when the file had to be written again (BER)
};

/// A finding without occurrences. The id is the digest of the file: a keystore has no other identity.
Finding describe_keystore(const Keystore& keystore);

/// Java's own modified UTF-8 (DataInput): NUL as two bytes, characters beyond the BMP as two surrogates. Made printable.
std::string java_text(ByteView modified_utf8);
/// RFC 3339 of Java's milliseconds since 1970; empty beyond the year 9999.
std::string java_date(std::uint64_t milliseconds);

}  // namespace landwaiter::detectors
