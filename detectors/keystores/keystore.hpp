// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "core/report/finding.hpp"
#include "detectors/keys/private_key.hpp"
#include "detectors/passwords/passwords.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace landwaiter::detectors {

struct Keystore;

/// More than any real keystore has; it bounds what a forged one costs.
inline constexpr std::size_t kKeystoreEntriesMax = 10'000;

/// One entry of a keystore, as far as it can be read. The views point into the input, Keystore::storage or Keystore::opened.
struct KeystoreEntry {
  std::string alias;          ///< printable; empty if there is none, or if it is encrypted
  std::string kind;           ///< "private-key", "public-key", "certificate", "secret-key", "sealed" (a key of unknown kind), "unknown"
  std::string created;        ///< RFC 3339, empty when the format does not say
  nlohmann::json encryption;  ///< for a key, from describe_password_encryption(); null if unknown
  std::vector<ByteView> certificates;  ///< DER; for a key its chain, leaf first
  std::string key_id;                  ///< "spki-sha256:" of a private key's public half; of its certificate until the key is opened
  Lock lock;                           ///< around the key
  /// Finds the PrivateKeyInfo in the decrypted bytes, empty if it is not a private key; may set the kind. Null: all bytes.
  ByteView (*private_key_in)(KeystoreEntry&, ByteView opened) = nullptr;
};

/// The facts about a keystore.
struct Keystore {
  std::string type;  ///< "JKS", "JCEKS", "BKS", "UBER", "BCFKS", "PKCS12", "NSS", ...
  std::optional<unsigned> version;
  std::vector<KeystoreEntry> entries;  ///< those that can be read
  nlohmann::json encryption;           ///< of the whole or a part; null if all entries can be listed without a password
  nlohmann::json integrity;            ///< integrity protection: {algorithm, iterations}; null if there is none
  std::vector<std::string> weaknesses;
  /// Why the list of entries ends early; empty if it is complete.
  std::string problem;
  bool cut = false;  ///< more bytes might have been read further
  ByteView whole;    ///< from its first byte to its last
  Bytes storage;     ///< target of views if the file had to be rewritten (BER)

  Lock lock;  ///< verifies a password; empty if there is nothing to try one on
  /// Lists what the password also opens. Takes the decrypted bytes.
  std::function<void(Keystore&, ByteView opened, const Password&, Guesser&)> list;
  std::vector<PrivateKey> keys;        ///< encrypted in a form specific to this kind of keystore
  std::vector<WipedBytes> opened;      ///< target of views
  std::optional<Password> password;    ///< the well-known password that it has
  std::optional<bool> password_tried;  ///< all well-known ones until one matched; nothing if there is nothing to try one on
  bool listed = true;                  ///< entries are complete; false while a part is encrypted

  void add_weakness(std::string_view code);
  /// The weaknesses of its encryption: weak ciphers, "3des", few iterations.
  void add_weaknesses_of(const nlohmann::json& encryption);
};

/// A finding without occurrences. The id is the digest of the file, because a keystore has no other identity.
Finding describe_keystore(const Keystore& keystore);

/// Java's own modified UTF-8 (DataInput): NUL as two bytes, characters beyond the BMP as two surrogates. Made printable.
std::string java_text(ByteView modified_utf8);
/// RFC 3339 of Java's milliseconds since 1970; empty beyond the year 9999.
std::string java_date(std::uint64_t milliseconds);

/// Raw fields of a certificate; empty if it is not one.
struct CertificateFields {
  ByteView issuer;
  ByteView subject;
  ByteView spki;
};
CertificateFields certificate_fields(ByteView der);
/// "spki-sha256:" of the key in a certificate; empty if it cannot be read.
std::string certified_key_id(ByteView certificate);

}  // namespace landwaiter::detectors
