// SPDX-License-Identifier: Apache-2.0
// NSS's softoken keeps PKCS #11 objects as rows, one column per attribute: "a" and the attribute's number in hexadecimal. Numbers are
// four bytes, big-endian; secrets are encrypted under the database's password (lib/softoken/sdb.c, sftkpwd.c).
#include "detectors/keystores/nss_database.hpp"

#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/formats/sqlite_reader.hpp"
#include "detectors/keys/password_encryption.hpp"
#include "detectors/keys/x509_text.hpp"
#include "detectors/passwords/password_crypto.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;
using Row = SqliteReader::Row;

constexpr const char *kClassColumn = "a0", *kLabelColumn = "a3", *kValueColumn = "a11", *kKeyTypeColumn = "a100", *kModulusColumn = "a120",
                     *kExponentColumn = "a122", *kPrivateExponentColumn = "a123", *kCurveColumn = "a180", *kPointColumn = "ad5a0db00";
/// PKCS #11, CKO_ and CKK_.
enum ObjectClass : std::uint32_t { kNssCertificate = 1, kNssPublicKey = 2, kNssPrivateKey = 3, kNssSecretKey = 4 };
enum KeyType : std::uint32_t { kNssRsa = 0, kNssEc = 3 };
constexpr std::string_view kTripleDes = "1.2.840.113549.1.12.5.1.3";

ByteView raw_field(const Row& row, const char* name) {
  const auto found = row.find(name);
  // An empty attribute is written this way.
  constexpr std::array<std::uint8_t, 3> kEmpty{0xa5, 0x00, 0x5a};
  if (found == row.end() || std::ranges::equal(found->second, kEmpty)) return {};
  return found->second;
}

std::optional<std::uint32_t> number_field(const Row& row, const char* name) {
  std::uint32_t out = 0;
  const ByteView bytes = raw_field(row, name);
  if (bytes.size() != sizeof out || !ByteReader(bytes).u32_be(out)) return std::nullopt;
  return out;
}

/// SEQUENCE { AlgorithmIdentifier, OCTET STRING }.
struct Sealed {
  ByteView algorithm, ciphertext;
};

std::optional<Sealed> read_sealed(ByteView bytes) {
  der::Reader reader(der::only_content(bytes, der::kSequence).value_or(ByteView()));
  der::Element algorithm;
  Sealed out;
  if (!reader.next(der::kSequence, algorithm) || !reader.next(der::kOctetString, out.ciphertext) || !reader.empty()) return std::nullopt;
  out.algorithm = algorithm.whole;
  return out;
}

struct Encryption {
  bool triple_des = false;
  ByteView salt, iv, ciphertext;
  std::uint64_t iterations = 0;
};

std::uint64_t next_u32_or_zero(der::Reader& reader) {
  ByteView magnitude;
  if (!reader.unsigned_integer(magnitude) || magnitude.size() > 4) return 0;
  std::uint64_t out = 0;
  for (const std::uint8_t byte : magnitude) out = out << 8U | byte;
  return out;
}

std::optional<Encryption> read_encryption(ByteView bytes) {
  const auto sealed = read_sealed(bytes);
  if (!sealed) return std::nullopt;
  Encryption out;
  out.ciphertext = sealed->ciphertext;
  der::Reader reader(*der::only_content(sealed->algorithm, der::kSequence));
  ByteView oid, parameters, kdf, kdf_fields, cipher;
  if (!reader.next(der::kOid, oid) || !reader.next(der::kSequence, parameters)) return std::nullopt;
  der::Reader inner(parameters);
  out.triple_des = der::oid_text(oid) == kTripleDes;
  if (out.triple_des) {
    if (!inner.next(der::kOctetString, out.salt)) return std::nullopt;
    return out;
  }
  if (der::oid_text(oid) != kPbes2 || !inner.next(der::kSequence, kdf) || !inner.next(der::kSequence, cipher)) return std::nullopt;
  der::Reader derivation(kdf), scheme(cipher);
  if (!derivation.next(der::kOid, oid) || der::oid_text(oid) != kPbkdf2 || !derivation.next(der::kSequence, kdf_fields))
    return std::nullopt;
  der::Reader numbers(kdf_fields);
  if (!numbers.next(der::kOctetString, out.salt)) return std::nullopt;
  out.iterations = next_u32_or_zero(numbers);
  der::Element iv;
  if (out.iterations == 0 || !scheme.next(der::kOid, oid) || !scheme.next(der::kOctetString, iv)) return std::nullopt;
  // NSS uses the element with its tag and length as the IV: two bytes and fourteen.
  out.iv = iv.content.size() == 16 ? iv.content : iv.whole;
  return out;
}

/// The key derivation of old databases: PKCS #12's in an NSS variant.
std::optional<WipedBytes> open_triple_des(const Encryption& sealed, ByteView hashed) {
  constexpr std::size_t kSaltBytes = 20, kKeyBytes = 24, kIvBytes = 8;
  if (sealed.salt.size() > kSaltBytes) return std::nullopt;
  Bytes padded(sealed.salt.begin(), sealed.salt.end());
  padded.resize(kSaltBytes);
  const WipedBytes key(sha1({hashed, sealed.salt}));
  Bytes first = padded;
  first.insert(first.end(), sealed.salt.begin(), sealed.salt.end());
  Bytes out = hmac("SHA1", key.view(), first);
  Bytes second = hmac("SHA1", key.view(), padded);
  second.insert(second.end(), sealed.salt.begin(), sealed.salt.end());
  const Bytes rest = hmac("SHA1", key.view(), second);
  out.insert(out.end(), rest.begin(), rest.end());
  const WipedBytes derived(std::move(out));
  return decrypt_cbc("DES-EDE3-CBC", derived.view().first(kKeyBytes), derived.view().last(kIvBytes), sealed.ciphertext);
}

/// The row "password" of metaData: a salt, and the text that the right password decrypts.
Lock password_lock(ByteView salt, ByteView check) {
  const auto sealed = read_encryption(check);
  if (!sealed) return {};
  constexpr std::size_t kKeyBytes = 32;
  const std::uint64_t bytes = salt.size() + sealed->salt.size() + sealed->ciphertext.size();
  return {.rounds = pbkdf2_rounds("SHA256", sealed->iterations, kKeyBytes) + triple_des_rounds(bytes),
          .open = [salt, sealed = *sealed](const Password& password) -> std::optional<WipedBytes> {
            const WipedBytes hashed(sha1({salt, as_bytes(password.text)}));
            const auto key = sealed.triple_des ? std::nullopt : pbkdf2("SHA256", hashed.view(), sealed.salt, sealed.iterations, kKeyBytes);
            auto plain = sealed.triple_des ? open_triple_des(sealed, hashed.view())
                         : key             ? decrypt_cbc("AES-256-CBC", key->view(), sealed.iv, sealed.ciphertext)
                                           : std::nullopt;
            if (!plain || as_text(plain->view()) != "password-check") return std::nullopt;
            return plain;
          }};
}

class NssReader {
 public:
  NssReader(SqliteReader database, std::uint64_t size_bytes) : database_(std::move(database)), kept_left_(size_bytes) { out_.type = "NSS"; }

  Result<Keystore> read() {
    bool whole = true, found = false;
    for (const char* table : {"nssPublic", "nssPrivate"}) {
      if (!database_.has_table(table)) continue;
      found = true;
      whole = database_.each_row(table, [this](const Row& row) { return read_object(row); }) && whole;
    }
    if (!found) return Error(ErrorCode::malformed, "not a database of NSS");
    if (out_.entries.size() >= kKeystoreEntriesMax || full_) whole = false;
    if (database_.has_table("metaData")) {
      (void)database_.each_row("metaData", [this](const Row& row) { return read_password(row); });
    }
    if (!whole) out_.problem = "its tables cannot be read to their end";
    return std::move(out_);
  }

 private:
  /// Rows may share pages, so that their values together can be far larger than the database. Reading then ends.
  bool has_room(std::uint64_t bytes) {
    full_ = full_ || bytes > kept_left_;
    if (!full_) kept_left_ -= bytes;
    return !full_;
  }

  ByteView kept(ByteView bytes) {
    if (!has_room(bytes.size())) return {};
    out_.opened.emplace_back(Bytes(bytes.begin(), bytes.end()));
    return out_.opened.back().view();
  }

  bool read_object(const Row& row) {
    const auto kind = number_field(row, kClassColumn);
    KeystoreEntry entry;
    if (!has_room(raw_field(row, kLabelColumn).size())) return false;
    entry.alias = attribute_text(as_text(raw_field(row, kLabelColumn)));
    if (kind == kNssCertificate) {
      const ByteView der = raw_field(row, kValueColumn);
      entry.kind = "certificate";
      const ByteView certificate = kept(der);
      if (!certificate.empty()) entry.certificates.push_back(certificate);
    } else if (kind == kNssPrivateKey) {
      read_private_key(row, entry);
    } else if (kind == kNssSecretKey) {
      entry.kind = "secret-key";
      describe_sealed(raw_field(row, kValueColumn), entry);
    } else {
      return true;  // public keys, trust, revocation lists
    }
    out_.entries.push_back(std::move(entry));
    return out_.entries.size() < kKeystoreEntriesMax && !full_;
  }

  void describe_sealed(ByteView value, KeystoreEntry& entry) {
    const auto sealed = read_sealed(value);
    if (!sealed) return;
    entry.encryption = describe_password_encryption(sealed->algorithm);
    out_.add_weaknesses_of(entry.encryption);
  }

  void read_private_key(const Row& row, KeystoreEntry& entry) {
    entry.kind = "private-key";
    const auto type = number_field(row, kKeyTypeColumn);
    const bool rsa = type == kNssRsa;
    const ByteView secret = raw_field(row, rsa ? kPrivateExponentColumn : kValueColumn);
    describe_sealed(secret, entry);
    PrivateKey key;
    if (rsa && bit_length(raw_field(row, kModulusColumn)) <= limits::key_bits_max && !raw_field(row, kModulusColumn).empty()) {
      key.public_key = rsa_public_key(raw_field(row, kModulusColumn), raw_field(row, kExponentColumn));
    } else if (type == kNssEc) {
      key.public_key.key_type = "EC";
      auto made = ec_public_key(raw_field(row, kCurveColumn), raw_field(row, kPointColumn));
      if (made) key.public_key = *std::move(made);
    }
    key.format = "NSS";
    key.encrypted = true;
    key.encryption = entry.encryption;
    key.opaque = kept(secret);
    if (!key.public_key.spki.empty()) entry.key_id = key.public_key.id();
    if (!key.opaque.empty()) out_.keys.push_back(std::move(key));
  }

  bool read_password(const Row& row) {
    if (as_text(raw_field(row, "id")) != "password") return true;
    const ByteView salt = kept(raw_field(row, "item1")), check = kept(raw_field(row, "item2"));
    out_.lock = password_lock(salt, check);
    if (const auto sealed = read_sealed(check)) out_.encryption = describe_password_encryption(sealed->algorithm);
    out_.add_weaknesses_of(out_.encryption);
    return false;
  }

  SqliteReader database_;
  std::uint64_t kept_left_;
  bool full_ = false;
  Keystore out_;
};

}  // namespace

std::optional<std::uint64_t> nss_database_size(ByteView bytes) {
  const auto size = sqlite_database_size(bytes);
  // The tables are listed on the first page, which is 64 KiB at most.
  constexpr std::size_t kSchemaWithin = 64 * 1024;
  const std::string_view start = as_text(bytes.first(std::min(bytes.size(), kSchemaWithin)));
  const bool nss =
      start.find("CREATE TABLE nssPublic") != std::string_view::npos || start.find("CREATE TABLE nssPrivate") != std::string_view::npos;
  return nss ? size : std::nullopt;
}

Result<Keystore> read_nss_database(ByteView bytes) {
  const auto size = nss_database_size(bytes);
  if (!size) return Error(ErrorCode::malformed, "not a database of NSS");
  const ByteView whole = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(*size, bytes.size())));
  auto database = SqliteReader::open(whole);
  if (!database) return database.error();
  auto out = NssReader(*std::move(database), whole.size()).read();
  if (!out) return out;
  if (whole.size() < *size && out->problem.empty()) out->problem = "its end is missing";
  out->whole = whole;
  return out;
}

}  // namespace landwaiter::detectors
