// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

namespace landwaiter::detectors::der {

/// Identifier octets that keys and certificates use (X.690, 8.1.2). Tag numbers above 30 are not read.
enum Tag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kNull = 0x05,
  kOid = 0x06,
  kUtcTime = 0x17,
  kGeneralizedTime = 0x18,
  kSequence = 0x30,
  kSet = 0x31,
  kContext0 = 0xa0,  ///< [0], constructed
  kContext1 = 0xa1,
  kContext2 = 0xa2,
  kContext3 = 0xa3,
};

/// One tag-length-value. The views point into the input.
struct Element {
  std::uint8_t tag = 0;
  ByteView whole;    ///< with tag and length
  ByteView content;  ///< without

  bool constructed() const { return (tag & 0x20) != 0; }
};

/// Reads elements in order from bytes that it does not own. Strict: definite and minimal lengths (X.690, 10.1), single-byte tags, nothing
/// beyond the end. Does not look inside an element and does not check its value. A failed read does not advance.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool next(Element& out);
  /// The next element, if it has this tag.
  [[nodiscard]] bool next(std::uint8_t tag, Element& out);
  /// Only its content.
  [[nodiscard]] bool next(std::uint8_t tag, ByteView& content);
  /// An INTEGER's magnitude without leading zeros (empty for 0). Negative numbers and padded ones fail (X.690, 8.3.2).
  [[nodiscard]] bool unsigned_integer(ByteView& magnitude);
  /// An INTEGER between 0 and 255.
  [[nodiscard]] bool small_integer(unsigned& out);
  /// A BIT STRING of whole bytes, without the count of unused bits.
  [[nodiscard]] bool bit_string(ByteView& bytes);
  bool next_is(std::uint8_t tag) const { return !rest_.empty() && rest_[0] == tag; }

  bool empty() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }

 private:
  ByteView rest_;
};

/// The element at the front of `bytes`, whatever follows it; nothing if it is incomplete.
std::optional<ByteView> whole_element(ByteView bytes);

/// The content of the one element with this tag that fills `bytes`.
std::optional<ByteView> only_content(ByteView bytes, std::uint8_t tag);

/// The size according to the header at the front of `bytes`, including the header, whether or not that many bytes exist.
std::optional<std::uint64_t> promised_size(ByteView bytes);

/// True if `bytes` is well-formed: every constructed element's content is again well-formed, to at most `depth_max` levels. Must be
/// called before passing untrusted bytes to any d2i_* function: these then see neither indefinite lengths nor unbounded nesting, and
/// every length has been checked. Does not look into OCTET STRING or BIT STRING.
bool well_formed(ByteView bytes, std::size_t depth_max);

/// "1.2.840.113549.1.1.1" from an OBJECT IDENTIFIER's content; empty if it is not one, or has arcs above 2^63.
std::string oid_text(ByteView content);

/// One element: tag, minimal length, and the parts one after the other.
Bytes write(std::uint8_t tag, std::initializer_list<ByteView> parts);
/// An INTEGER with this magnitude.
Bytes write_unsigned(ByteView magnitude);
/// A BIT STRING of whole bytes.
Bytes write_bit_string(ByteView bytes);

}  // namespace landwaiter::detectors::der
