// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/inflate.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/engine/decoder.hpp"
#include "detectors/engine/file_results.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

using namespace std::string_view_literals;

bool is_gzip(std::string_view head) {
  // The upper three flag bits are reserved and must be zero (RFC 1952 section 2.3.1.2).
  return head.size() >= 4 && head.starts_with("\x1f\x8b\x08") && (static_cast<std::uint8_t>(head[3]) & 0xe0) == 0;
}

bool is_zstd(std::string_view head) {
  if (head.starts_with("\x28\xb5\x2f\xfd")) return true;
  // A skippable frame: eight bytes of header, magic 0x184D2A50 to 0x184D2A5F.
  return head.size() >= 8 && (static_cast<std::uint8_t>(head[0]) & 0xf0) == 0x50 && head.substr(1).starts_with("\x2a\x4d\x18");
}

bool is_bzip2(std::string_view head) {
  if (head.size() < 10 || !head.starts_with("BZh") || head[3] < '1' || head[3] > '9') return false;
  const std::string_view mark = head.substr(4, 6);
  // A block follows, or, in an empty stream, the end.
  return mark == "\x31\x41\x59\x26\x53\x59" || mark == "\x17\x72\x45\x38\x50\x90";
}

/// The tools' own check: properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes, a size that is unknown or below 256 GiB; and the first
/// byte of the range coder is always zero.
bool is_lzma(ByteView head) {
  constexpr std::size_t kHeader = 13;
  if (head.size() <= kHeader || head[0] != 0x5d || head[kHeader] != 0) return false;
  std::uint32_t dictionary = 0;
  for (std::size_t i = 0; i < 4; ++i) dictionary |= std::uint32_t{head[1 + i]} << 8 * i;
  std::uint32_t rounded = dictionary - 1;
  rounded |= rounded >> 2U;
  rounded |= rounded >> 3U;
  rounded |= rounded >> 4U;
  rounded |= rounded >> 8U;
  rounded |= rounded >> 16U;
  const bool possible = dictionary >= 4096 && (dictionary == 0xffffffff || rounded + 1 == dictionary);
  const ByteView size = head.subspan(5, 8);
  const bool unknown = std::ranges::all_of(size, [](std::uint8_t byte) { return byte == 0xff; });
  return possible && (unknown || (size[5] == 0 && size[6] == 0 && size[7] == 0 && size[4] < 64));
}

/// The header has no magic, only a checksum of 5 bits: the data behind it must be deflated, too.
bool is_zlib(ByteView head) {
  if (head.size() < 4 || head[0] != 0x78 || (head[0] * 256 + head[1]) % 31 != 0 || (head[1] & 0x20) != 0) return false;
  std::array<std::uint8_t, 256> out;
  const auto step = make_decoder(Compression::zlib)->step(head, out);
  return !step.error && (step.produced > 0 || step.finished);
}

}  // namespace

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::none: return "none";
    case Compression::gzip: return "gzip";
    case Compression::zstd: return "zstd";
    case Compression::zlib: return "zlib";
    case Compression::xz: return "xz";
    case Compression::lzma: return "lzma";
    case Compression::bzip2: return "bzip2";
  }
  return "unknown";
}

Compression sniff_compression(ByteView head) {
  const std::string_view text = as_text(head);
  if (is_gzip(text)) return Compression::gzip;
  if (is_zstd(text)) return Compression::zstd;
  if (text.starts_with("\xfd"
                       "7zXZ\0"sv))
    return Compression::xz;
  if (is_bzip2(text)) return Compression::bzip2;
  if (is_lzma(head)) return Compression::lzma;
  if (is_zlib(head)) return Compression::zlib;
  return Compression::none;
}

namespace {

/// Whether another member may begin. bzip2 gives its memory back and takes it again for each; the others cost little more than their bytes.
bool pay_for_member(Compression compression) {
  constexpr std::uint64_t kBzip2Units = 12'000;
  return compression != Compression::bzip2 || charge_work(kBzip2Units);
}

}  // namespace

InflateSource::InflateSource(PeekSource& source, Compression compression, BufferPool& buffers)
    : input_(source), compression_(compression), decoder_(make_decoder(compression)) {
  if (!decoder_) return;
  buffer_ = buffers.take();
  if (!buffer_) failed_ = no_memory_for(std::string(to_string(compression)) + " data is not read");
}

InflateSource::~InflateSource() = default;

Result<ByteView> InflateSource::next() {
  if (!decoder_) return input_.next();
  const std::span<std::uint8_t> out = buffer_.span();
  std::size_t filled = 0;
  while (filled < out.size() && !ended_ && !failed_) filled += fill(out.subspan(filled));
  if (filled == 0 && failed_) return *failed_;
  return ByteView(out.first(filled));
}

std::size_t InflateSource::fill(std::span<std::uint8_t> out) {
  auto in = input_.peek(1);
  if (!in) {
    failed_ = in.error();
    return 0;
  }
  Decoder::Step step = decoder_->step(*in, out);
  input_.consume(step.consumed);
  if (step.error) {
    failed_ = std::move(step.error);
  } else if (step.finished) {
    next_member();
  } else if (step.consumed == 0 && step.produced == 0) {
    const std::string what(to_string(compression_));
    // All four libraries consume input or produce output while they have both; otherwise this would loop forever.
    failed_ = in->empty() ? Error(ErrorCode::malformed, what + " data ends before its end mark: it is truncated")
                          : Error(ErrorCode::malformed, what + " data is damaged");
  }
  return step.produced;
}

void InflateSource::next_member() {
  while (true) {
    auto head = input_.peek(kCompressionSniffBytes);
    if (!head) {
      failed_ = head.error();
      return;
    }
    ended_ = head->empty();
    if (ended_) return;
    if (sniff_compression(*head) == compression_) {
      if (pay_for_member(compression_)) decoder_->reset();
      else failed_ = no_work_for(std::string(to_string(compression_)) + " data of many parts is not read to its end");
      return;
    }
    const auto content = std::ranges::find_if(*head, [](std::uint8_t byte) { return byte != 0; });
    if (content == head->begin()) {
      ended_ = trailing_data_ = true;
      return;
    }
    input_.consume(static_cast<std::size_t>(content - head->begin()));
  }
}

}  // namespace landwaiter::detectors
