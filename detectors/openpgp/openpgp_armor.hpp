// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/secret.hpp"
#include "detectors/formats/pem.hpp"

#include <cstdint>

namespace landwaiter::detectors::openpgp {

/// ASCII armor (RFC 9580, 6.2).
struct Armor {
  pem::State state = pem::State::bare;
  std::size_t begin = 0;        ///< index of the first '-' of BEGIN
  std::size_t end = 0;          ///< one past the last '-' of END, or where reading stopped
  std::string_view label;       ///< "PRIVATE KEY BLOCK"; a view into the bytes
  WipedBytes body;              ///< decoded; only when state is decoded
  bool checksum_wrong = false;  ///< there is a CRC-24 and it does not match
  std::string problem;          ///< why it is damaged, for people
};

/// A block with certifications by thousands of people, and their photographs, is at most this large.
inline constexpr std::size_t kArmorBytesMax = 2 * 1024 * 1024;

/// Reads the block whose BEGIN line ends at `begin_line_end`, as leniently as pem::read_block does: indented, escaped, without its line
/// breaks. A wrong checksum is reported but does not prevent reading the body (RFC 9580, 6.1).
Armor read_armor(ByteView bytes, std::size_t begin_line_end, bool ends_file);

/// RFC 9580, 6.1.1.
std::uint32_t crc24(ByteView bytes);

}  // namespace landwaiter::detectors::openpgp
