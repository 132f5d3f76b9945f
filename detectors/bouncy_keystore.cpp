// SPDX-License-Identifier: Apache-2.0
// BKS and UBER as Bouncy Castle writes them (org.bouncycastle.jcajce.provider.keystore.bc.BcKeyStoreSpi).
#include "detectors/java_keystore.hpp"

#include "core/clock.hpp"
#include "core/text.hpp"
#include "detectors/password_encryption.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

enum Type : std::uint8_t { kEnd = 0, kCertificate = 1, kKey = 2, kSecret = 3, kSealed = 4 };

constexpr std::size_t kSha1Bytes = 20;
/// Bouncy Castle draws the salt at this size and the count from this range; nothing else tells its files from chance.
constexpr std::uint32_t kSaltBytes = 20, kIterationsMin = 1024, kIterationsMax = 2047;
constexpr std::size_t kTwofishBlock = 16;

struct Header {
  std::uint32_t version = 0;
  std::uint32_t iterations = 0;
};

bool read_header(ByteReader& reader, Header& out) {
  ByteView salt;
  const bool read = reader.u32_be(out.version) && reader.u32_prefixed(salt) && reader.u32_be(out.iterations);
  return read && (out.version == 1 || out.version == 2) && salt.size() == kSaltBytes && out.iterations >= kIterationsMin &&
         out.iterations <= kIterationsMax;
}

class BksReader {
 public:
  BksReader(ByteView bytes, ByteReader reader, const Header& header) : bytes_(bytes), reader_(reader) {
    out_.type = "BKS";
    out_.version = header.version;
    out_.integrity = json{{"algorithm", "HMAC-SHA-1"}, {"iterations", header.iterations}};
    // Version 1 asks for a key of as many bits as the hash has bytes.
    if (header.version == 1) out_.weaknesses.emplace_back("weak-integrity");
  }

  Result<Keystore> read() {
    while (out_.problem.empty()) {
      std::uint8_t type = 0;
      if (!reader_.u8(type)) {
        out_.problem = "its end is missing";
      } else if (type == kEnd) {
        if (!reader_.skip(kSha1Bytes)) out_.problem = "its end is missing";
        break;
      } else if (!read_entry(type)) {
        out_.problem = "entry " + std::to_string(out_.entries.size() + 1) + " cannot be read";
      }
    }
    if (!out_.problem.empty() && out_.entries.empty()) return Error(ErrorCode::malformed, "not a BKS keystore");
    out_.whole = bytes_.first(reader_.offset());
    return std::move(out_);
  }

 private:
  bool utf(ByteView& out) {
    std::uint16_t size = 0;
    return reader_.u16_be(size) && reader_.view(size, out);
  }

  bool read_entry(std::uint8_t type) {
    const ByteReader begin = reader_;
    KeystoreEntry entry;
    if (!read_fields(type, entry)) {
      reader_ = begin;
      return false;
    }
    out_.entries.push_back(std::move(entry));
    return true;
  }

  bool read_fields(std::uint8_t type, KeystoreEntry& entry) {
    ByteView alias;
    std::uint64_t milliseconds = 0;
    std::uint32_t chain = 0;
    if (!utf(alias) || !reader_.u64_be(milliseconds) || !reader_.u32_be(chain)) return false;
    constexpr std::size_t kCertificateBytesMin = 8;
    if (chain > reader_.remaining() / kCertificateBytesMin) return false;
    entry.alias = java_text(alias);
    entry.created = java_date(milliseconds);
    for (std::uint32_t i = 0; i < chain; ++i) {
      if (!read_certificate(entry)) return false;
    }
    switch (type) {
      case kCertificate: entry.kind = "certificate"; return read_certificate(entry);
      case kKey: return read_clear_key(entry);
      case kSecret: entry.kind = "secret-key"; return read_sealed(entry);
      case kSealed: entry.kind = chain > 0 ? "private-key" : "sealed"; return read_sealed(entry);
      default: return false;
    }
  }

  bool read_certificate(KeystoreEntry& entry) {
    ByteView type, der;
    if (!utf(type) || !reader_.u32_prefixed(der) || der.empty()) return false;
    entry.certificates.push_back(der);
    return true;
  }

  /// A key that is not encrypted: kind, format, algorithm, encoding.
  bool read_clear_key(KeystoreEntry& entry) {
    std::uint8_t kind = 0;
    ByteView format, algorithm, encoded;
    if (!reader_.u8(kind) || kind > 2 || !utf(format) || !utf(algorithm) || !reader_.u32_prefixed(encoded)) return false;
    constexpr std::array<const char*, 3> kKinds{"private-key", "public-key", "secret-key"};
    entry.kind = kKinds[kind];
    if (kind != 1) out_.weaknesses.emplace_back("unencrypted-key");
    return true;
  }

  bool read_sealed(KeystoreEntry& entry) {
    ByteView sealed, salt;
    std::uint32_t iterations = 0;
    if (!reader_.u32_prefixed(sealed)) return false;
    ByteReader inner(sealed);
    if (!inner.u32_prefixed(salt) || !inner.u32_be(iterations)) return false;
    entry.encryption = json{{"scheme", "PBEWithSHAAnd3-KeyTripleDES-CBC"}, {"cipher", "des-ede3-cbc"}, {"kdf", "PKCS12KDF"}, {"iterations", iterations}};
    return true;
  }

  ByteView bytes_;
  ByteReader reader_;
  Keystore out_;
};

/// Ciphertext has no byte that is much more frequent than others.
bool looks_encrypted(ByteView bytes) {
  constexpr std::size_t kLookedAt = 4096;
  const ByteView sample = bytes.first(std::min(bytes.size(), kLookedAt));
  std::array<std::size_t, 256> counts{};
  for (const std::uint8_t byte : sample) ++counts[byte];
  return *std::ranges::max_element(counts) <= sample.size() / 32 + 4;
}

}  // namespace

Result<Keystore> read_bouncy_keystore(ByteView bytes, bool ends_file) {
  ByteReader reader(bytes);
  Header header;
  if (!read_header(reader, header)) return Error(ErrorCode::malformed, "not a Bouncy Castle keystore");
  auto store = BksReader(bytes, reader, header).read();
  if (store) return store;
  const ByteView sealed = bytes.subspan(reader.offset());
  const bool uber = ends_file && header.version == 1 && sealed.size() >= 2 * kTwofishBlock && sealed.size() % kTwofishBlock == 0;
  if (!uber || !looks_encrypted(sealed)) return store;
  Keystore out;
  out.type = "UBER";
  out.version = header.version;
  out.encryption = json{{"scheme", "PBEWithSHAAndTwofish-CBC"}, {"cipher", "twofish-cbc"}, {"kdf", "PKCS12KDF"}, {"iterations", header.iterations}};
  out.integrity = json{{"algorithm", "SHA-1, encrypted"}, {"iterations", 1}};
  out.whole = bytes;
  return out;
}

}  // namespace landwaiter::detectors
