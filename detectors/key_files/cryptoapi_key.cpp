// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/cryptoapi_key.hpp"

#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "detectors/keys/key_finding.hpp"
#include "detectors/keys/private_key_math.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using nlohmann::json;

/// PUBLICKEYSTRUC: type, version, reserved, algorithm.
constexpr std::size_t kStructSize = 8;

struct CryptoApiBlob {
  PublicKey key;
  bool is_private = false;
  std::size_t size = 0;
};

/// A little-endian number as a big-endian magnitude without leading zeros; wiped, since it may be a prime.
class Magnitude {
 public:
  [[nodiscard]] bool read(ByteReader& reader, std::size_t size) {
    ByteView view;
    if (!reader.view(size, view)) return false;
    Bytes bytes(view.rbegin(), view.rend());
    bytes_ = WipedBytes(std::move(bytes));
    return true;
  }
  ByteView view() const {
    ByteView out = bytes_.view();
    while (!out.empty() && out[0] == 0) out = out.subspan(1);
    return out;
  }

 private:
  WipedBytes bytes_;
};

/// RSAPUBKEY, modulus; for a private key also the primes, three numbers for the Chinese remainder theorem, the exponent.
std::optional<CryptoApiBlob> read_rsa(ByteReader& reader, std::uint32_t bits, bool is_private) {
  constexpr std::uint32_t kBitsMin = 384;
  std::uint32_t exponent = 0;
  if (bits < kBitsMin || bits > limits::key_bits_max || bits % 16 != 0 || !reader.u32_le(exponent)) return std::nullopt;
  const std::size_t bytes = bits / 8;
  Magnitude n, p, q;
  if (!n.read(reader, bytes) || bit_length(n.view()) != bits || (n.view().back() & 1) == 0 || (exponent & 1) == 0) return std::nullopt;
  if (is_private) {
    if (!p.read(reader, bytes / 2) || !q.read(reader, bytes / 2) || !reader.skip(3 * (bytes / 2) + bytes)) return std::nullopt;
    const std::array<ByteView, 2> primes{p.view(), q.view()};
    if (!is_product(n.view(), primes)) return std::nullopt;
  }
  std::array<std::uint8_t, 4> e{};
  for (std::size_t i = 0; i < 4; ++i) e[i] = static_cast<std::uint8_t>(exponent >> (24 - 8 * i));
  ByteView e_view(e);
  while (e_view[0] == 0) e_view = e_view.subspan(1);
  return CryptoApiBlob{rsa_public_key(n.view(), e_view), is_private, 0};
}

/// DSSPUBKEY, p, q of 20 bytes, g, then y or x of 20 bytes; a seed and a counter of 24 bytes.
std::optional<CryptoApiBlob> read_dss(ByteReader& reader, std::uint32_t bits, bool is_private) {
  constexpr std::size_t kOrderBytes = 20, kSeedBytes = 24;
  if (bits < 512 || bits > 4096 || bits % 64 != 0) return std::nullopt;
  Magnitude p, q, g, last;
  if (!p.read(reader, bits / 8) || !q.read(reader, kOrderBytes) || !g.read(reader, bits / 8)) return std::nullopt;
  if (!last.read(reader, is_private ? kOrderBytes : bits / 8) || !reader.skip(kSeedBytes)) return std::nullopt;
  const bool sane = bit_length(p.view()) == bits && (p.view().back() & 1) == 1 && bit_length(q.view()) == 160 && bit_length(g.view()) > 1 &&
                    bit_length(last.view()) > 1;
  if (!sane) return std::nullopt;
  if (!is_private) return CryptoApiBlob{dsa_public_key(p.view(), q.view(), g.view(), last.view()), false, 0};
  const auto y = power_modulo(g.view(), last.view(), p.view());
  // g must have the order q.
  const auto one = power_modulo(g.view(), q.view(), p.view());
  if (!y || !one || bit_length(*one) != 1) return std::nullopt;
  return CryptoApiBlob{dsa_public_key(p.view(), q.view(), g.view(), *y), true, 0};
}

/// A blob at the front of `bytes`, whatever follows it.
std::optional<CryptoApiBlob> read_blob(ByteView bytes) {
  ByteReader reader(bytes);
  ByteView header, magic;
  std::uint32_t bits = 0;
  if (!reader.view(kStructSize, header) || !reader.view(4, magic) || !reader.u32_le(bits)) return std::nullopt;
  const std::string_view name = as_text(magic);
  const bool is_private = header[0] == 7;
  if ((header[0] != 6 && !is_private) || header[1] != 2 || name[3] != (is_private ? '2' : '1')) return std::nullopt;
  auto blob = name.starts_with("RSA")   ? read_rsa(reader, bits, is_private)
              : name.starts_with("DSS") ? read_dss(reader, bits, is_private)
                                        : std::nullopt;
  if (blob) blob->size = reader.offset();
  return blob;
}

Finding describe_blob(const CryptoApiBlob& blob, std::string_view format, FindingSink& sink) {
  if (!blob.is_private) return public_key_finding(blob.key, "binary", format);
  StoredKey key;
  key.public_key = blob.key;
  key.format = format;
  return private_key_finding(key, "binary", sink);
}

/// The body is encrypted with RC4 under SHA-1 of salt and password, of which weak files use only 40 bits; which one applies is not
/// visible.
Finding describe_encrypted_pvk(ByteView body, std::string_view key_type, FindingSink& sink) {
  StoredKey key;
  key.public_key.key_type = key_type;
  key.format = "PVK";
  key.encrypted = true;
  key.encryption = {{"scheme", "PVK"}, {"cipher", "rc4"}, {"kdf", "SHA-1"}, {"iterations", 1U}};
  key.opaque = body;
  Finding finding = private_key_finding(key, "binary", sink);
  add_weakness(finding, "rc4");
  return finding;
}

}  // namespace

void inspect_pvk(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::size_t kMagicSize = 8;
  constexpr std::uint32_t kSaltMax = 64, kBodyMax = 16 * 1024;
  if (hit.end < kMagicSize) return;
  ByteReader reader(window.bytes.subspan(hit.end));
  std::uint32_t use = 0, encrypted = 0, salt_size = 0, size = 0;
  ByteView salt, body;
  const bool read = reader.u32_le(use) && reader.u32_le(encrypted) && reader.u32_le(salt_size) && reader.u32_le(size);
  if (!read || use > 2 || encrypted > 1 || salt_size > kSaltMax || size > kBodyMax || size <= kStructSize) return;
  if ((encrypted != 0) != (salt_size != 0) || !reader.view(salt_size, salt) || !reader.view(size, body)) return;
  // The blob's first eight bytes stay in the clear.
  if (body[0] != 7 || body[1] != 2) return;
  const std::size_t begin = hit.end - kMagicSize;
  if (encrypted != 0) {
    sink.add(describe_encrypted_pvk(body, body[5] == 0x22 ? "DSA" : "RSA", sink), begin);
  } else {
    const auto blob = read_blob(body);
    if (!blob) return;
    sink.add(describe_blob(*blob, "PVK", sink), begin);
  }
  sink.consumed(hit.end + reader.offset());
}

void inspect_key_blob(const Window& window, const Hit& hit, FindingSink& sink) {
  constexpr std::size_t kMagicSize = 4;
  if (hit.end < kStructSize + kMagicSize) return;
  const std::size_t begin = hit.end - kStructSize - kMagicSize;
  const auto blob = read_blob(window.bytes.subspan(begin));
  if (!blob) return;
  sink.add(describe_blob(*blob, blob->is_private ? "PRIVATEKEYBLOB" : "PUBLICKEYBLOB", sink), begin);
  sink.consumed(begin + blob->size);
}

}  // namespace landwaiter::detectors
