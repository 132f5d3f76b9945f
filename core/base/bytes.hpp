// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace landwaiter {

using ByteView = std::span<const std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

ByteView as_bytes(std::string_view text);
std::string_view as_text(ByteView bytes);
/// Not in constant time: only for bytes that are not secret.
bool same_bytes(ByteView a, ByteView b);

/// Reads numbers and runs of bytes from a buffer it does not own. Every read checks what is left first;
/// a failed read returns false and moves nothing, so a caller can try another interpretation.
/// Views handed out live as long as the buffer.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] bool u8(std::uint8_t& out);
  [[nodiscard]] bool u16_be(std::uint16_t& out);
  [[nodiscard]] bool u32_be(std::uint32_t& out);
  [[nodiscard]] bool u64_be(std::uint64_t& out);
  [[nodiscard]] bool u16_le(std::uint16_t& out);
  [[nodiscard]] bool u32_le(std::uint32_t& out);
  /// The next `size` bytes.
  [[nodiscard]] bool view(std::size_t size, ByteView& out);
  [[nodiscard]] bool skip(std::size_t size);
  /// A u32 big-endian length and that many bytes (SSH's `string`, RFC 4251 section 5).
  [[nodiscard]] bool u32_prefixed(ByteView& out);

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }
  bool empty() const { return remaining() == 0; }

 private:
  template <class Number, bool big_endian>
  bool number(Number& out);

  ByteView bytes_;
  std::size_t offset_ = 0;
};

/// A stream of bytes that is pulled chunk by chunk, blocking; used from one thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// The next chunk, never empty before the end; an empty chunk is the end, and stays so. The chunk is
  /// valid until the next call. After an error every further call returns an error.
  virtual Result<ByteView> next() = 0;
};

/// A source over bytes in memory, handed out in chunks of at most `chunk_size`. Does not own the bytes.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes, std::size_t chunk_size = 64 * 1024) : bytes_(bytes), chunk_size_(chunk_size) {}
  Result<ByteView> next() override;

 private:
  ByteView bytes_;
  std::size_t chunk_size_;
};

}  // namespace landwaiter
