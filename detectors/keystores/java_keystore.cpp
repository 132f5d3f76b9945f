// SPDX-License-Identifier: Apache-2.0
// JKS and JCEKS as the JDK writes them (sun.security.provider.JavaKeyStore, com.sun.crypto.provider.JceKeyStore).
#include "detectors/keystores/java_keystore.hpp"

#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/keys/password_encryption.hpp"
#include "detectors/keystores/java_serialization.hpp"
#include "detectors/passwords/password_crypto.hpp"

#include <algorithm>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

constexpr std::uint32_t kJksMagic = 0xfeedfeed, kJceksMagic = 0xcececece;
/// Tag, alias length, date: no entry is shorter.
constexpr std::size_t kEntryBytesMin = 4 + 2 + 8;

enum JavaTag : std::uint32_t { kJavaPrivateKey = 1, kJavaCertificate = 2, kJavaSecretKey = 3 };

class JavaKeystoreReader {
 public:
  explicit JavaKeystoreReader(ByteView bytes) : bytes_(bytes), reader_(bytes) {}

  Result<Keystore> read() {
    std::uint32_t magic = 0, version = 0, count = 0;
    const bool headed = reader_.u32_be(magic) && reader_.u32_be(version) && reader_.u32_be(count);
    const bool known = (magic == kJksMagic || magic == kJceksMagic) && (version == 1 || version == 2);
    if (!headed || !known || count > reader_.remaining() / kEntryBytesMin) return Error(ErrorCode::malformed, "not a Java keystore");
    version_ = version;
    out_.type = magic == kJksMagic ? "JKS" : "JCEKS";
    out_.version = version;
    out_.integrity = json{{"algorithm", "SHA-1 with the password"}, {"iterations", 1}};
    for (std::uint32_t i = 0; i < count && out_.problem.empty(); ++i) {
      if (!read_entry()) out_.problem = "entry " + std::to_string(i + 1) + " of " + std::to_string(count) + " cannot be read";
    }
    if (out_.entries.empty() && count > 0) return Error(ErrorCode::malformed, "not a Java keystore: its first entry cannot be read");
    if (out_.problem.empty() && !reader_.skip(kSha1Bytes)) out_.problem = "its end is missing";
    if (count == 0 && !out_.problem.empty()) return Error(ErrorCode::malformed, "not a Java keystore: its end is missing");
    out_.whole = bytes_.first(reader_.offset());
    for (const KeystoreEntry& entry : out_.entries) out_.add_weaknesses_of(entry.encryption);
    out_.cut = !out_.problem.empty();
    if (!out_.cut) add_lock();
    return std::move(out_);
  }

 private:
  bool read_entry() {
    std::uint32_t tag = 0;
    std::uint16_t alias_size = 0;
    std::uint64_t milliseconds = 0;
    ByteView alias;
    const std::size_t begin = reader_.offset();
    KeystoreEntry entry;
    bool good = reader_.u32_be(tag) && reader_.u16_be(alias_size) && reader_.view(alias_size, alias) && reader_.u64_be(milliseconds);
    if (good && tag == kJavaPrivateKey) good = read_private_key(entry);
    else if (good && tag == kJavaCertificate) good = read_trusted(entry);
    else if (good && tag == kJavaSecretKey && out_.type == "JCEKS") good = read_sealed(entry);
    else good = false;
    if (!good) {
      reader_ = ByteReader(bytes_);
      (void)reader_.skip(begin);
      return false;
    }
    entry.alias = java_text(alias);
    entry.created = java_date(milliseconds);
    out_.entries.push_back(std::move(entry));
    return true;
  }

  bool read_private_key(KeystoreEntry& entry) {
    ByteView key;
    std::uint32_t chain = 0;
    entry.kind = "private-key";
    if (!reader_.u32_prefixed(key) || key.empty() || !reader_.u32_be(chain)) return false;
    constexpr std::size_t kCertificateBytesMin = 8;
    if (chain > reader_.remaining() / kCertificateBytesMin) return false;
    der::Reader fields(der::only_content(key, der::kSequence).value_or(ByteView()));
    der::Element algorithm;
    if (fields.next(der::kSequence, algorithm)) entry.encryption = describe_password_encryption(algorithm.whole);
    entry.lock = encrypted_key_lock(key);
    for (std::uint32_t i = 0; i < chain; ++i) {
      if (!read_certificate(entry)) return false;
    }
    return true;
  }

  bool read_trusted(KeystoreEntry& entry) {
    entry.kind = "certificate";
    return read_certificate(entry);
  }

  bool read_certificate(KeystoreEntry& entry) {
    ByteView type, der;
    std::uint16_t size = 0;
    if (version_ == 2 && (!reader_.u16_be(size) || !reader_.view(size, type))) return false;
    if (!reader_.u32_prefixed(der) || der.empty() || der[0] != der::kSequence) return false;
    entry.certificates.push_back(der);
    return true;
  }

  /// A serialized SealedObject; the name of its algorithm is among its strings.
  bool read_sealed(KeystoreEntry& entry) {
    JavaObject object;
    if (!skip_java_object(bytes_.subspan(reader_.offset()), object)) return false;
    entry.kind = "secret-key";
    const auto algorithm = std::ranges::find_if(object.strings, [](const std::string& text) { return text.starts_with("PBE"); });
    if (algorithm != object.strings.end()) entry.encryption = json{{"scheme", "JCEKS " + *algorithm}, {"cipher", *algorithm}};
    for (const ByteView array : object.byte_arrays) read_sealing(array, entry);
    return reader_.skip(object.size);
  }

  /// SEQUENCE { salt, iterations }: the algorithm's parameters, if this array contains them.
  static void read_sealing(ByteView array, KeystoreEntry& entry) {
    const auto fields = der::only_content(array, der::kSequence);
    der::Reader reader(fields.value_or(ByteView()));
    ByteView salt, count;
    if (!reader.next(der::kOctetString, salt) || !reader.unsigned_integer(count) || !reader.empty() || count.size() > 4) return;
    std::uint32_t iterations = 0;
    for (const std::uint8_t byte : count) iterations = (iterations << 8U) | byte;
    if (entry.encryption.is_object()) entry.encryption["iterations"] = iterations;
  }

  /// SHA-1 over the password, a constant, and everything before it.
  void add_lock() {
    const ByteView content = out_.whole.first(out_.whole.size() - kSha1Bytes), check = out_.whole.last(kSha1Bytes);
    out_.lock = {.rounds = hashing_rounds(content.size()), .open = [=](const Password& password) -> std::optional<WipedBytes> {
                   const WipedBytes text = utf16_be(password);
                   if (!same_digest(sha1({text.view(), as_bytes("Mighty Aphrodite"), content}), check)) return std::nullopt;
                   return WipedBytes();
                 }};
  }

  ByteView bytes_;
  ByteReader reader_;
  std::uint32_t version_ = 0;
  Keystore out_;
};

}  // namespace

Result<Keystore> read_java_keystore(ByteView bytes) { return JavaKeystoreReader(bytes).read(); }

}  // namespace landwaiter::detectors
