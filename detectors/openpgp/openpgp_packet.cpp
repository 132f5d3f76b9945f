// SPDX-License-Identifier: Apache-2.0
#include "detectors/openpgp/openpgp_packet.hpp"

#include "detectors/keys/public_key.hpp"

namespace landwaiter::detectors::openpgp {
namespace {

struct Length {
  std::uint64_t bytes = 0;
  bool partial = false;
};

/// RFC 9580, 4.2.1.
bool read_length(ByteReader& reader, Length& out) {
  std::uint8_t first = 0, second = 0;
  if (!reader.u8(first)) return false;
  out.partial = first >= 224 && first < 255;
  if (first < 192) {
    out.bytes = first;
  } else if (first < 224) {
    if (!reader.u8(second)) return false;
    out.bytes = (static_cast<std::uint64_t>(first - 192) << 8) + second + 192;
  } else if (out.partial) {
    out.bytes = std::uint64_t{1} << (first & 0x1f);
  } else {
    std::uint32_t value = 0;
    if (!reader.u32_be(value)) return false;
    out.bytes = value;
  }
  return true;
}

/// RFC 9580, 4.2.2. A body of indeterminate length, type 3, extends to the end.
bool read_legacy_length(ByteReader& reader, unsigned type, Length& out) {
  std::uint8_t one = 0;
  std::uint16_t two = 0;
  std::uint32_t four = 0;
  if (type == 0 && reader.u8(one)) out.bytes = one;
  else if (type == 1 && reader.u16_be(two)) out.bytes = two;
  else if (type == 2 && reader.u32_be(four)) out.bytes = four;
  else if (type == 3) out.bytes = reader.remaining();
  else return false;
  return true;
}

bool skip_partial(ByteReader& reader, Length length) {
  while (length.partial) {
    if (length.bytes > reader.remaining() || !reader.skip(static_cast<std::size_t>(length.bytes))) return false;
    if (!read_length(reader, length)) return false;
  }
  return length.bytes <= reader.remaining() && reader.skip(static_cast<std::size_t>(length.bytes));
}

}  // namespace

bool is_primary_key(std::uint8_t tag) { return tag == kSecretKey || tag == kPublicKey; }

ReadState PacketReader::next(Packet& out) {
  ByteReader reader(bytes_.subspan(offset_));
  std::uint8_t first = 0;
  if (!reader.u8(first)) return ReadState::end;
  if ((first & 0x80) == 0) return ReadState::invalid;
  const bool legacy = (first & 0x40) == 0;
  out.tag = legacy ? (first >> 2 & 0x0f) : (first & 0x3f);
  if (out.tag == 0) return ReadState::invalid;
  Length length;
  if (!(legacy ? read_legacy_length(reader, first & 3, length) : read_length(reader, length))) return ReadState::cut;
  out.in_one = !length.partial;
  out.body = {};
  if (length.partial) {
    if (!skip_partial(reader, length)) return ReadState::cut;
  } else if (length.bytes > reader.remaining() || !reader.view(static_cast<std::size_t>(length.bytes), out.body)) {
    return ReadState::cut;
  }
  offset_ += reader.offset();
  out.end = offset_;
  return ReadState::packet;
}

bool read_mpi(ByteReader& reader, ByteView& magnitude, bool& exact) {
  std::uint16_t bits = 0;
  if (!reader.u16_be(bits) || !reader.view((std::size_t{bits} + 7) / 8, magnitude)) return false;
  if (bit_length(magnitude) != bits) exact = false;
  return true;
}

}  // namespace landwaiter::detectors::openpgp
