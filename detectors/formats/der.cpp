// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/der.hpp"

#include "core/base/work_meter.hpp"

#include <algorithm>

namespace landwaiter::detectors::der {
namespace {

struct Header {
  std::uint8_t tag = 0;
  std::size_t size = 0;  ///< of tag and length
  std::uint64_t content_size = 0;
};

/// X.690, 8.1.2 and 8.1.3 with the restrictions of 10.1. Lengths of more than four bytes have no legitimate use.
std::optional<Header> read_header(ByteView bytes) {
  if (bytes.size() < 2) return std::nullopt;
  Header header{.tag = bytes[0], .size = 2, .content_size = bytes[1]};
  constexpr std::uint8_t kLongTag = 0x1f;
  if ((header.tag & kLongTag) == kLongTag || header.tag == 0) return std::nullopt;
  if (bytes[1] < 0x80) return header;
  const std::size_t length_bytes = bytes[1] & 0x7f;
  if (length_bytes == 0 || length_bytes > 4 || bytes.size() < 2 + length_bytes) return std::nullopt;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) size = size << 8 | bytes[2 + i];
  const bool minimal = size >= 0x80 && size >> (8 * (length_bytes - 1)) != 0;
  if (!minimal) return std::nullopt;
  header.size = 2 + length_bytes;
  header.content_size = size;
  return header;
}

void append(Bytes& out, ByteView part) { out.insert(out.end(), part.begin(), part.end()); }

void append_length(Bytes& out, std::size_t size) {
  if (size < 0x80) {
    out.push_back(static_cast<std::uint8_t>(size));
    return;
  }
  std::size_t length_bytes = 1;
  while (size >> (8 * length_bytes) != 0) ++length_bytes;
  out.push_back(static_cast<std::uint8_t>(0x80 | length_bytes));
  while (length_bytes-- > 0) out.push_back(static_cast<std::uint8_t>(size >> (8 * length_bytes)));
}

}  // namespace

bool Reader::next(Element& out) {
  constexpr std::uint64_t kUnits = 10;
  if (!charge_work(kUnits)) return false;
  const auto header = read_header(rest_);
  if (!header || header->content_size > rest_.size() - header->size) return false;
  const auto content_size = static_cast<std::size_t>(header->content_size);
  out.tag = header->tag;
  out.whole = rest_.first(header->size + content_size);
  out.content = out.whole.subspan(header->size);
  rest_ = rest_.subspan(out.whole.size());
  return true;
}

bool Reader::next(std::uint8_t tag, Element& out) { return next_is(tag) && next(out); }

bool Reader::next(std::uint8_t tag, ByteView& content) {
  Element element;
  if (!next(tag, element)) return false;
  content = element.content;
  return true;
}

bool Reader::unsigned_integer(ByteView& magnitude) {
  Reader ahead = *this;
  ByteView content;
  if (!ahead.next(kInteger, content) || content.empty() || content[0] >= 0x80) return false;
  if (content[0] == 0) {
    if (content.size() > 1 && content[1] < 0x80) return false;
    content = content.subspan(1);
  }
  magnitude = content;
  *this = ahead;
  return true;
}

bool Reader::small_integer(unsigned& out) {
  Reader ahead = *this;
  ByteView magnitude;
  if (!ahead.unsigned_integer(magnitude) || magnitude.size() > 1) return false;
  out = magnitude.empty() ? 0 : magnitude[0];
  *this = ahead;
  return true;
}

bool Reader::bit_string(ByteView& bytes) {
  Reader ahead = *this;
  ByteView content;
  if (!ahead.next(kBitString, content) || content.empty() || content[0] != 0) return false;
  bytes = content.subspan(1);
  *this = ahead;
  return true;
}

std::optional<ByteView> whole_element(ByteView bytes) {
  Reader reader(bytes);
  Element element;
  if (!reader.next(element)) return std::nullopt;
  return element.whole;
}

std::optional<ByteView> only_content(ByteView bytes, std::uint8_t tag) {
  Reader reader(bytes);
  ByteView content;
  if (!reader.next(tag, content) || !reader.empty()) return std::nullopt;
  return content;
}

std::optional<std::uint64_t> promised_size(ByteView bytes) {
  const auto header = read_header(bytes);
  if (!header) return std::nullopt;
  return header->size + header->content_size;
}

bool well_formed(ByteView bytes, std::size_t depth_max) {
  Reader reader(bytes);
  while (!reader.empty()) {
    Element element;
    if (!reader.next(element)) return false;
    if (!element.constructed()) continue;
    if (depth_max == 0 || !well_formed(element.content, depth_max - 1)) return false;
  }
  return true;
}

std::string oid_text(ByteView content) {
  if (content.empty() || (content.back() & 0x80) != 0) return {};
  std::string text;
  std::uint64_t arc = 0;
  bool arc_begins = true;
  for (const std::uint8_t byte : content) {
    const bool padded = arc_begins && byte == 0x80;
    if (padded || arc >> 56 != 0) return {};
    arc = arc << 7 | (byte & 0x7f);
    arc_begins = (byte & 0x80) == 0;
    if (!arc_begins) continue;
    if (text.empty()) {
      // The first two arcs share one number (X.690, 8.19.4).
      const std::uint64_t root = std::min<std::uint64_t>(arc / 40, 2);
      text = std::to_string(root);
      arc -= root * 40;
    }
    text += '.';
    text += std::to_string(arc);
    arc = 0;
  }
  return text;
}

Bytes write(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  Bytes out;
  out.reserve(size + 6);
  out.push_back(tag);
  append_length(out, size);
  for (const ByteView part : parts) append(out, part);
  return out;
}

Bytes write_unsigned(ByteView magnitude) {
  while (!magnitude.empty() && magnitude[0] == 0) magnitude = magnitude.subspan(1);
  constexpr std::uint8_t zero[1] = {0};
  if (magnitude.empty() || magnitude[0] >= 0x80) return write(kInteger, {ByteView(zero), magnitude});
  return write(kInteger, {magnitude});
}

Bytes write_bit_string(ByteView bytes) {
  constexpr std::uint8_t unused_bits[1] = {0};
  return write(kBitString, {ByteView(unused_bits), bytes});
}

}  // namespace landwaiter::detectors::der
