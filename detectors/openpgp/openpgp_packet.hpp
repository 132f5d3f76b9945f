// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>

namespace landwaiter::detectors::openpgp {

/// Packet types (RFC 9580, 5) in key blocks.
enum Tag : std::uint8_t {
  kSignature = 2,
  kSecretKey = 5,
  kPublicKey = 6,
  kSecretSubkey = 7,
  kMarker = 10,
  kTrust = 12,
  kUserId = 13,
  kPublicSubkey = 14,
  kUserAttribute = 17,
  kPadding = 21,
};

bool is_primary_key(std::uint8_t tag);

struct Packet {
  std::uint8_t tag = 0;
  ByteView body;        ///< a view into the input; empty if not `in_one`
  bool in_one = true;   ///< false for bodies with partial lengths (4.2.1.4), which keys and signatures never have
  std::size_t end = 0;  ///< one past its last byte, as an index into the input
};

enum class ReadState {
  packet,
  end,      ///< no byte is left
  cut,      ///< a packet starts whose end is missing
  invalid,  ///< no packet starts here
};

/// Reads packets in order, with headers in OpenPGP's format and in the legacy one (RFC 9580, 4.2). A failed read does not advance.
class PacketReader {
 public:
  explicit PacketReader(ByteView bytes) : bytes_(bytes) {}
  ReadState next(Packet& out);
  std::size_t offset() const { return offset_; }

 private:
  ByteView bytes_;
  std::size_t offset_ = 0;
};

/// A multiprecision integer (RFC 9580, 3.2): the bytes for its count of bits. `exact` becomes false if the count does not match the
/// number, as from some writers.
[[nodiscard]] bool read_mpi(ByteReader& reader, ByteView& magnitude, bool& exact);

}  // namespace landwaiter::detectors::openpgp
