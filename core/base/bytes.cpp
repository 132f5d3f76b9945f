// SPDX-License-Identifier: Apache-2.0
#include "core/base/bytes.hpp"

#include "core/base/work_meter.hpp"

#include <algorithm>

namespace landwaiter {
namespace {

/// Who takes a view copies or compares a few bytes of it; whoever reads more charges that.
constexpr std::uint64_t kViewUnits = 8;

}  // namespace

ByteView as_bytes(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

bool same_bytes(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

template <class Number, bool big_endian>
bool ByteReader::number(Number& out) {
  constexpr std::size_t size = sizeof(Number);
  if (remaining() < size || !charge_work(size)) return false;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t at = big_endian ? i : size - 1 - i;
    value = value << 8 | bytes_[offset_ + at];
  }
  out = static_cast<Number>(value);
  offset_ += size;
  return true;
}

bool ByteReader::u8(std::uint8_t& out) { return number<std::uint8_t, true>(out); }
bool ByteReader::u16_be(std::uint16_t& out) { return number<std::uint16_t, true>(out); }
bool ByteReader::u32_be(std::uint32_t& out) { return number<std::uint32_t, true>(out); }
bool ByteReader::u64_be(std::uint64_t& out) { return number<std::uint64_t, true>(out); }
bool ByteReader::u16_le(std::uint16_t& out) { return number<std::uint16_t, false>(out); }
bool ByteReader::u32_le(std::uint32_t& out) { return number<std::uint32_t, false>(out); }

bool ByteReader::view(std::size_t size, ByteView& out) {
  if (remaining() < size || !charge_work(kViewUnits)) return false;
  out = bytes_.subspan(offset_, size);
  offset_ += size;
  return true;
}

bool ByteReader::skip(std::size_t size) {
  ByteView ignored;
  return view(size, ignored);
}

bool ByteReader::u32_prefixed(ByteView& out) {
  ByteReader ahead = *this;
  std::uint32_t size = 0;
  if (!ahead.u32_be(size) || !ahead.view(size, out)) return false;
  *this = ahead;
  return true;
}

Result<ByteView> MemorySource::next() {
  const ByteView chunk = bytes_.first(std::min(chunk_size_, bytes_.size()));
  bytes_ = bytes_.subspan(chunk.size());
  return chunk;
}

}  // namespace landwaiter
