// SPDX-License-Identifier: Apache-2.0
// BKS and UBER as Bouncy Castle writes them (org.bouncycastle.jcajce.provider.keystore.bc.BcKeyStoreSpi).
#include "detectors/keystores/bouncy_keystore.hpp"

#include "core/base/clock.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "detectors/formats/der.hpp"
#include "detectors/passwords/password_crypto.hpp"
#include "detectors/passwords/twofish.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

enum BouncyType : std::uint8_t { kBouncyEnd = 0, kBouncyCertificate = 1, kBouncyKey = 2, kBouncySecret = 3, kBouncySealed = 4 };
/// Kinds of keys, by number.
constexpr std::array<const char*, 3> kBouncyKeyKinds{"private-key", "public-key", "secret-key"};

/// Bouncy Castle uses this salt size and a count from this range; nothing else distinguishes its files from random data.
constexpr std::uint32_t kBouncySaltBytes = 20, kBouncyIterationsMin = 1024, kBouncyIterationsMax = 2047;

struct BouncyHeader {
  std::uint32_t version = 0;
  ByteView salt;
  std::uint32_t iterations = 0;
};

bool read_header(ByteReader& reader, BouncyHeader& out) {
  const bool read = reader.u32_be(out.version) && reader.u32_prefixed(out.salt) && reader.u32_be(out.iterations);
  return read && (out.version == 1 || out.version == 2) && out.salt.size() == kBouncySaltBytes && out.iterations >= kBouncyIterationsMin &&
         out.iterations <= kBouncyIterationsMax;
}

bool utf(ByteReader& reader, ByteView& out) {
  std::uint16_t size = 0;
  return reader.u16_be(size) && reader.view(size, out);
}

/// Kind, format, algorithm, encoding: a key in the clear.
struct ClearKey {
  std::uint8_t kind = 0;
  ByteView format, algorithm, encoded;
};

bool read_clear_key(ByteReader& reader, ClearKey& out) {
  return reader.u8(out.kind) && out.kind < kBouncyKeyKinds.size() && utf(reader, out.format) && utf(reader, out.algorithm) &&
         reader.u32_prefixed(out.encoded);
}

ByteView unsealed_private_key(KeystoreEntry& entry, ByteView opened) {
  ByteReader reader(opened);
  ClearKey key;
  if (!read_clear_key(reader, key)) return {};
  entry.kind = kBouncyKeyKinds[key.kind];
  return key.kind == 0 ? key.encoded : ByteView();
}

Lock sealed_lock(ByteView salt, std::uint32_t iterations, ByteView ciphertext) {
  constexpr std::size_t kKeyBytes = 24, kIvBytes = 8;
  // Two runs for the key, one for the IV.
  return {.rounds = std::uint64_t{3} * iterations + hashing_rounds(3 * salt.size()) + triple_des_rounds(ciphertext.size()),
          .open = [=](const Password& password) -> std::optional<WipedBytes> {
            const WipedBytes text = bouncy_bmp_string(password);
            const auto key = pkcs12_key("SHA1", text.view(), salt, iterations, 1, kKeyBytes);
            const auto iv = pkcs12_key("SHA1", text.view(), salt, iterations, 2, kIvBytes);
            auto plain = key && iv ? decrypt_cbc("DES-EDE3-CBC", key->view(), iv->view(), ciphertext) : std::nullopt;
            if (!plain) return std::nullopt;
            ByteReader reader(plain->view());
            ClearKey parts;
            if (!read_clear_key(reader, parts) || !reader.empty()) return std::nullopt;
            return plain;
          }};
}

/// The entries up to the end mark, in a file or in its decrypted content.
class EntryReader {
 public:
  EntryReader(ByteReader reader, Keystore& out) : reader_(reader), out_(out) {}

  /// False if the end mark is missing or something before it is wrong; Keystore::problem then says what.
  bool read() {
    while (true) {
      std::uint8_t type = 0;
      if (!reader_.u8(type)) return fail("its end is missing");
      if (type == kBouncyEnd) return true;
      if (!read_entry(type)) return fail("entry " + std::to_string(out_.entries.size() + 1) + " cannot be read");
    }
  }

  ByteReader& reader() { return reader_; }

 private:
  bool fail(std::string problem) {
    out_.problem = std::move(problem);
    return false;
  }

  bool read_entry(std::uint8_t type) {
    const ByteReader begin = reader_;
    KeystoreEntry entry;
    if (!read_fields(type, entry)) {
      reader_ = begin;
      return false;
    }
    out_.add_weaknesses_of(entry.encryption);
    out_.entries.push_back(std::move(entry));
    return true;
  }

  bool read_fields(std::uint8_t type, KeystoreEntry& entry) {
    ByteView alias;
    std::uint64_t milliseconds = 0;
    std::uint32_t chain = 0;
    if (!utf(reader_, alias) || !reader_.u64_be(milliseconds) || !reader_.u32_be(chain)) return false;
    constexpr std::size_t kCertificateBytesMin = 8;
    if (chain > reader_.remaining() / kCertificateBytesMin) return false;
    entry.alias = java_text(alias);
    entry.created = java_date(milliseconds);
    for (std::uint32_t i = 0; i < chain; ++i) {
      if (!read_certificate(entry)) return false;
    }
    switch (type) {
      case kBouncyCertificate: entry.kind = "certificate"; return read_certificate(entry);
      case kBouncyKey: return read_key(entry);
      case kBouncySecret: entry.kind = "unknown"; return reader_.u32_prefixed(alias);  // bytes that the program protected in its own way
      case kBouncySealed: entry.kind = chain > 0 ? "private-key" : "sealed"; return read_sealed(entry);
      default: return false;
    }
  }

  bool read_certificate(KeystoreEntry& entry) {
    ByteView type, der;
    if (!utf(reader_, type) || !reader_.u32_prefixed(der) || der.empty() || der[0] != der::kSequence) return false;
    entry.certificates.push_back(der);
    return true;
  }

  bool read_key(KeystoreEntry& entry) {
    ClearKey key;
    if (!read_clear_key(reader_, key)) return false;
    entry.kind = kBouncyKeyKinds[key.kind];
    if (key.kind != 1) out_.add_weakness("unencrypted-key");
    return true;
  }

  bool read_sealed(KeystoreEntry& entry) {
    ByteView sealed, salt;
    std::uint32_t iterations = 0;
    if (!reader_.u32_prefixed(sealed)) return false;
    ByteReader inner(sealed);
    if (!inner.u32_prefixed(salt) || !inner.u32_be(iterations)) return false;
    entry.encryption =
        json{{"scheme", "PBEWithSHAAnd3-KeyTripleDES-CBC"}, {"cipher", "des-ede3-cbc"}, {"kdf", "PKCS12KDF"}, {"iterations", iterations}};
    entry.lock = sealed_lock(salt, iterations, sealed.subspan(inner.offset()));
    entry.private_key_in = unsealed_private_key;
    return true;
  }

  ByteReader reader_;
  Keystore& out_;
};

/// HMAC-SHA-1 of the entries. Version 1 mistakes the hash's bytes for bits, and gets a key of two bytes.
Lock mac_lock(const BouncyHeader& header, ByteView content, ByteView check) {
  const std::size_t key_bytes = header.version == 1 ? 2 : kSha1Bytes;
  const ByteView salt = header.salt;
  const std::uint32_t iterations = header.iterations;
  return {.rounds = iterations + hashing_rounds(content.size()), .open = [=](const Password& password) -> std::optional<WipedBytes> {
            const WipedBytes text = bouncy_bmp_string(password);
            const auto key = pkcs12_key("SHA1", text.view(), salt, iterations, 3, key_bytes);
            if (!key || !same_digest(hmac("SHA1", key->view(), content), check)) return std::nullopt;
            return WipedBytes();
          }};
}

Result<Keystore> read_bks(ByteView bytes, const ByteReader& behind_header, const BouncyHeader& header, bool ends_file) {
  Keystore out;
  out.type = "BKS";
  out.version = header.version;
  out.integrity = json{{"algorithm", "HMAC-SHA-1"}, {"iterations", header.iterations}};
  if (header.version == 1) out.add_weakness("weak-mac");
  EntryReader entries(behind_header, out);
  const std::size_t begin = behind_header.offset();
  if (entries.read()) {
    const std::size_t end = entries.reader().offset();
    ByteView check;
    if (entries.reader().view(kSha1Bytes, check)) out.lock = mac_lock(header, bytes.subspan(begin, end - begin), check);
    else out.problem = "its end is missing";
  }
  // A header, a zero and 20 more bytes are weak evidence: a store without entries is accepted only if its file also ends there.
  const bool believed = !out.entries.empty() || (out.problem.empty() && ends_file && entries.reader().empty());
  if (!believed) return Error(ErrorCode::malformed, "not a BKS keystore");
  out.cut = !out.problem.empty();
  out.whole = bytes.first(entries.reader().offset());
  return out;
}

/// In ciphertext no byte is much more frequent than others.
bool looks_encrypted(ByteView bytes) {
  constexpr std::size_t kLookedAt = 4096;
  const ByteView sample = bytes.first(std::min(bytes.size(), kLookedAt));
  std::array<std::size_t, 256> counts{};
  for (const std::uint8_t byte : sample) ++counts[byte];
  return *std::ranges::max_element(counts) <= sample.size() / 32 + 4;
}

/// The entries and a SHA-1 of them, encrypted together.
Lock uber_lock(const BouncyHeader& header, ByteView sealed) {
  const ByteView salt = header.salt;
  const std::uint32_t iterations = header.iterations;
  // Twofish's tables, which are made for each key.
  constexpr std::uint64_t kTables = 350;
  return {.rounds = std::uint64_t{3} * iterations + kTables + old_cipher_rounds(sealed.size()),
          .open = [=](const Password& password) -> std::optional<WipedBytes> {
            const WipedBytes text = bouncy_bmp_string(password);
            const auto key = pkcs12_key("SHA1", text.view(), salt, iterations, 1, kTwofishKeyBytes);
            const auto iv = pkcs12_key("SHA1", text.view(), salt, iterations, 2, kTwofishBlockBytes);
            auto plain = key && iv ? decrypt_twofish_cbc(key->view(), iv->view(), sealed) : std::nullopt;
            if (!plain || plain->view().size() <= kSha1Bytes) return std::nullopt;
            const ByteView content = plain->view().first(plain->view().size() - kSha1Bytes);
            if (!same_digest(sha1({content}), plain->view().last(kSha1Bytes))) return std::nullopt;
            return plain;
          }};
}

void list_uber(Keystore& keystore, ByteView opened, const Password&, Guesser&) {
  keystore.listed = EntryReader(ByteReader(opened), keystore).read();
}

Result<Keystore> read_uber(ByteView bytes, ByteView sealed, const BouncyHeader& header) {
  const bool whole = sealed.size() >= 2 * kTwofishBlockBytes && sealed.size() % kTwofishBlockBytes == 0;
  if (!whole || !looks_encrypted(sealed)) return Error(ErrorCode::malformed, "not an UBER keystore");
  Keystore out;
  out.type = "UBER";
  out.version = header.version;
  out.encryption =
      json{{"scheme", "PBEWithSHAAndTwofish-CBC"}, {"cipher", "twofish-cbc"}, {"kdf", "PKCS12KDF"}, {"iterations", header.iterations}};
  out.integrity = json{{"algorithm", "SHA-1, encrypted"}, {"iterations", 1}};
  out.listed = false;
  out.lock = uber_lock(header, sealed);
  out.list = list_uber;
  out.whole = bytes;
  return out;
}

}  // namespace

Result<Keystore> read_bouncy_keystore(ByteView bytes, bool ends_file) {
  ByteReader reader(bytes);
  BouncyHeader header;
  if (!read_header(reader, header)) return Error(ErrorCode::malformed, "not a Bouncy Castle keystore");
  auto store = read_bks(bytes, reader, header, ends_file);
  if (store || !ends_file) return store;
  return read_uber(bytes, bytes.subspan(reader.offset()), header);
}

bool may_be_uber(ByteView bytes) {
  ByteReader reader(bytes);
  BouncyHeader header;
  return read_header(reader, header) && looks_encrypted(bytes.subspan(reader.offset()));
}

}  // namespace landwaiter::detectors
