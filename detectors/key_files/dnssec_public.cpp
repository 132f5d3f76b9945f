// SPDX-License-Identifier: Apache-2.0
#include "detectors/key_files/dnssec_public.hpp"

#include "core/base/limits.hpp"
#include "detectors/keys/key_finding.hpp"

#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using Kind = DnssecAlgorithm::Kind;

constexpr std::array<DnssecAlgorithm, 16> kDnssecAlgorithms{{{1, "RSAMD5", Kind::rsa, "md5-signature"},
                                                             {3, "DSA", Kind::dsa, "sha1-signature"},
                                                             {5, "RSASHA1", Kind::rsa, "sha1-signature"},
                                                             {6, "NSEC3DSA", Kind::dsa, "sha1-signature"},
                                                             {7, "NSEC3RSASHA1", Kind::rsa, "sha1-signature"},
                                                             {8, "RSASHA256", Kind::rsa, ""},
                                                             {10, "RSASHA512", Kind::rsa, ""},
                                                             {13, "ECDSAP256SHA256", Kind::ecdsa, ""},
                                                             {14, "ECDSAP384SHA384", Kind::ecdsa, ""},
                                                             {15, "ED25519", Kind::eddsa, ""},
                                                             {16, "ED448", Kind::eddsa, ""},
                                                             {157, "HMAC-MD5", Kind::hmac, "md5"},
                                                             {161, "HMAC-SHA1", Kind::hmac, "sha1"},
                                                             {163, "HMAC-SHA256", Kind::hmac, ""},
                                                             {164, "HMAC-SHA384", Kind::hmac, ""},
                                                             {165, "HMAC-SHA512", Kind::hmac, ""}}};

/// RFC 3110, 2: the exponent's length in one byte, or zero and two bytes; the exponent; the modulus.
std::optional<PublicKey> read_rsa(ByteView field) {
  ByteReader reader(field);
  std::uint8_t short_size = 0;
  std::uint16_t size = 0;
  ByteView exponent, modulus;
  if (!reader.u8(short_size)) return std::nullopt;
  size = short_size;
  if (size == 0 && !reader.u16_be(size)) return std::nullopt;
  if (size == 0 || !reader.view(size, exponent) || !reader.view(reader.remaining(), modulus)) return std::nullopt;
  const std::size_t bits = bit_length(modulus);
  const bool odd = !modulus.empty() && (modulus.back() & 1) == 1 && (exponent.back() & 1) == 1;
  if (!odd || bits < 512 || bits > limits::key_bits_max || modulus[0] == 0) return std::nullopt;
  return rsa_public_key(modulus, exponent);
}

/// RFC 2536, 2: T, Q of 20 bytes, then P, G and Y of 64 + 8 T.
std::optional<PublicKey> read_dsa(ByteView field) {
  ByteReader reader(field);
  std::uint8_t t = 0;
  ByteView p, q, g, y;
  if (!reader.u8(t) || t > 8) return std::nullopt;
  const std::size_t size = 64U + 8U * t;
  if (!reader.view(20, q) || !reader.view(size, p) || !reader.view(size, g) || !reader.view(size, y) || !reader.empty())
    return std::nullopt;
  return dsa_public_key(p, q, g, y);
}

}  // namespace

const DnssecAlgorithm* dnssec_algorithm(unsigned number) {
  const auto found = std::ranges::find(kDnssecAlgorithms, number, &DnssecAlgorithm::number);
  return found == kDnssecAlgorithms.end() ? nullptr : &*found;
}

int dnssec_curve(unsigned algorithm) {
  if (algorithm == 13) return NID_X9_62_prime256v1;
  return algorithm == 14 ? NID_secp384r1 : 0;
}

ByteView dnssec_edwards_oid(unsigned algorithm) { return algorithm == 15 ? oid::ed25519() : oid::ed448(); }

std::optional<PublicKey> read_dnskey(const DnssecAlgorithm& algorithm, ByteView field) {
  switch (algorithm.kind) {
    case Kind::rsa: return read_rsa(field);
    case Kind::dsa: return read_dsa(field);
    case Kind::eddsa: return raw_curve_public_key(dnssec_edwards_oid(algorithm.number), field);
    case Kind::ecdsa: {
      // RFC 6605, 4: the point's two coordinates.
      if (field.size() != (algorithm.number == 13 ? 64U : 96U)) return std::nullopt;
      Bytes point{0x04};
      point.insert(point.end(), field.begin(), field.end());
      return ec_public_key(dnssec_curve(algorithm.number), point);
    }
    default: return std::nullopt;
  }
}

}  // namespace landwaiter::detectors
