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

/// One entry of a keystore, as far as it can be read. The views are parts of the bytes that were read, or of Keystore::storage and
/// Keystore::opened.
struct KeystoreEntry {
  std::string alias;          ///< printable; empty when it has none, or it is encrypted
  std::string kind;           ///< "private-key", "public-key", "certificate", "secret-key", "sealed" (a key of unknown kind), "unknown"
  std::string created;        ///< RFC 3339, empty when the format does not say
  nlohmann::json encryption;  ///< of a key, as describe_password_encryption() has it; null when not known
  std::vector<ByteView> certificates;  ///< DER; of a key its chain, leaf first
  std::string key_id;                  ///< "spki-sha256:" of a private key's public half; of its certificate until the key is opened
  Lock lock;                           ///< around the key
  /// Finds the PrivateKeyInfo in what the lock opened, empty when it is no private key; may learn the kind. Null: all of it.
  ByteView (*private_key_in)(KeystoreEntry&, ByteView opened) = nullptr;
};

/// What a keystore says of itself.
struct Keystore {
  std::string type;  ///< "JKS", "JCEKS", "BKS", "UBER", "BCFKS", "PKCS12", "NSS", ...
  std::optional<unsigned> version;
  std::vector<KeystoreEntry> entries;  ///< those that can be read
  nlohmann::json encryption;           ///< of the whole or a part; null when all entries can be listed without a password
  nlohmann::json integrity;            ///< how it is kept from being changed: {algorithm, iterations}; null when it is not
  std::vector<std::string> weaknesses;
  /// Why the list of entries ends early; empty when it is whole.
  std::string problem;
  bool cut = false;  ///< more bytes might have been read further
  ByteView whole;    ///< from its first byte to its last
  Bytes storage;     ///< what views point into when the file had to be written again (BER)

  Lock lock;  ///< what proves its password; none when there is nothing to try one on
  /// Lists what the password opens further. Takes what the lock opened.
  std::function<void(Keystore&, ByteView opened, const Password&, Guesser&)> list;
  std::vector<PrivateKey> keys;        ///< in a form that only this kind of keystore has, encrypted
  std::vector<WipedBytes> opened;      ///< what views may point into
  std::optional<Password> password;    ///< the well-known one that it has
  std::optional<bool> password_tried;  ///< all well-known ones until one fitted; nothing when there is nothing to try one on
  bool listed = true;                  ///< entries are all there are; false while a part is encrypted

  void add_weakness(std::string_view code);
  /// The weaknesses of how something in it is encrypted: weak ciphers, "3des", few iterations.
  void add_weaknesses_of(const nlohmann::json& encryption);
};

/// A finding without occurrences. The id is the digest of the file: a keystore has no other identity.
Finding describe_keystore(const Keystore& keystore);

/// Java's own modified UTF-8 (DataInput): NUL as two bytes, characters beyond the BMP as two surrogates. Made printable.
std::string java_text(ByteView modified_utf8);
/// RFC 3339 of Java's milliseconds since 1970; empty beyond the year 9999.
std::string java_date(std::uint64_t milliseconds);

/// Fields of a certificate as they stand; empty when it is none.
struct CertificateFields {
  ByteView issuer;
  ByteView subject;
  ByteView spki;
};
CertificateFields certificate_fields(ByteView der);
/// "spki-sha256:" of the key in a certificate; empty when there is none that can be read.
std::string certified_key_id(ByteView certificate);

}  // namespace landwaiter::detectors
