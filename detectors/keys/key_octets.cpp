// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/key_octets.hpp"

#include <algorithm>
#include <array>
#include <bitset>

namespace landwaiter::detectors {
namespace {

/// Of 32 random octets 30 are different on average, and fewer than 20, or more than 25 printable ones, come once in 100,000.
bool varied(ByteView octets) {
  std::bitset<256> seen;
  std::size_t printable = 0;
  for (const std::uint8_t octet : octets) {
    seen.set(octet);
    if (octet >= 0x20 && octet < 0x7f) ++printable;
  }
  return seen.count() * 32 >= octets.size() * 20 && printable * 32 <= octets.size() * 25;
}

/// An OBJECT IDENTIFIER, or the end of one, of the arcs that have keys: the header of another key.
bool has_identifier(ByteView octets) {
  using Bytes4 = std::array<std::uint8_t, 4>;
  constexpr std::array<Bytes4, 8> kArcs{{{0x06, 0x03, 0x2b, 0x65},
                                         {0x06, 0x05, 0x2b, 0x81},
                                         {0x06, 0x07, 0x2a, 0x86},
                                         {0x06, 0x08, 0x2a, 0x86},
                                         {0x06, 0x09, 0x2a, 0x86},
                                         {0x06, 0x09, 0x60, 0x86},
                                         {0x06, 0x09, 0x2b, 0x24},
                                         {0x86, 0x48, 0xce, 0x3d}}};
  return std::ranges::any_of(kArcs, [&](const Bytes4& arc) { return !std::ranges::search(octets, arc).empty(); });
}

}  // namespace

bool may_be_key_octets(ByteView octets) {
  // Longer ones repeat values, and are verified otherwise.
  constexpr std::size_t kLooked = 64;
  const ByteView looked = octets.first(std::min(octets.size(), kLooked));
  return varied(looked) && !has_identifier(looked);
}

}  // namespace landwaiter::detectors
