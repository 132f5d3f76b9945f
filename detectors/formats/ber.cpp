// SPDX-License-Identifier: Apache-2.0
#include "detectors/formats/ber.hpp"

#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/formats/der.hpp"

namespace landwaiter::detectors {
namespace {

constexpr std::uint8_t kConstructed = 0x20;
constexpr std::uint8_t kConstructedOctets = der::kOctetString | kConstructed;

struct Head {
  std::uint8_t tag = 0;
  bool definite = true;
  std::size_t content = 0;  ///< its length when definite
  bool end_of_contents() const { return tag == 0 && definite && content == 0; }
};

class Normalizer {
 public:
  explicit Normalizer(ByteView bytes) : reader_(bytes) {}

  bool element(Bytes& out, std::size_t depth) {
    Head head;
    return read_head(head) && !head.end_of_contents() && body(head, out, depth);
  }

  std::size_t offset() const { return reader_.offset(); }

 private:
  bool read_head(Head& out) {
    constexpr std::uint64_t kUnits = 100;  // with the copies of an empty element
    if (!charge_work(kUnits)) return false;
    std::uint8_t first = 0;
    if (!reader_.u8(out.tag) || (out.tag & 0x1f) == 0x1f || !reader_.u8(first)) return false;
    out.definite = first != 0x80;
    if (first < 0x80) out.content = first;
    if (first <= 0x80) return true;
    const std::size_t count = first & 0x7fU;
    if (count > sizeof(std::uint32_t)) return false;
    out.content = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t byte = 0;
      if (!reader_.u8(byte)) return false;
      out.content = (out.content << 8U) | byte;
    }
    return true;
  }

  bool body(const Head& head, Bytes& out, std::size_t depth) {
    if (depth > limits::der_depth_max) return false;
    if ((head.tag & kConstructed) == 0) {
      ByteView content;
      if (!head.definite || !reader_.view(head.content, content)) return false;
      append(out, head.tag, content);
      return true;
    }
    Bytes content;
    const bool joined = head.tag == kConstructedOctets;
    if (!children(head, content, depth, joined)) return false;
    append(out, joined ? static_cast<std::uint8_t>(der::kOctetString) : head.tag, content);
    return true;
  }

  bool children(const Head& head, Bytes& out, std::size_t depth, bool joined) {
    if (head.definite && head.content > reader_.remaining()) return false;
    const std::size_t end = reader_.offset() + head.content;
    while (!head.definite || reader_.offset() < end) {
      Head child;
      if (!read_head(child)) return false;
      if (child.end_of_contents()) return !head.definite;
      Bytes part;
      if (!body(child, part, depth + 1)) return false;
      ByteView piece = part;
      if (joined) {
        const auto content = der::only_content(part, der::kOctetString);
        if (!content) return false;
        piece = *content;
      }
      out.insert(out.end(), piece.begin(), piece.end());
    }
    return reader_.offset() == end;
  }

  static void append(Bytes& out, std::uint8_t tag, ByteView content) {
    // Copied here, and again by whoever is around it.
    charge_work(content.size());
    const Bytes element = der::write(tag, {content});
    out.insert(out.end(), element.begin(), element.end());
  }

  ByteReader reader_;
};

}  // namespace

std::optional<FromBer> der_from_ber(ByteView bytes) {
  Normalizer normalizer(bytes);
  FromBer out;
  if (!normalizer.element(out.der, 0)) return std::nullopt;
  out.size = normalizer.offset();
  return out;
}

}  // namespace landwaiter::detectors
