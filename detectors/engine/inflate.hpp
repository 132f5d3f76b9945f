// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "detectors/engine/buffer_pool.hpp"
#include "detectors/engine/peek_source.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace landwaiter::detectors {

/// gzip: RFC 1952. zlib: RFC 1950. zstd: RFC 8878 with skippable frames. xz: tukaani.org/xz/xz-file-format.txt. lzma: the older format of
/// the same tools, without magic. bzip2: as its library.
enum class Compression { none, gzip, zlib, zstd, xz, lzma, bzip2 };

std::string_view to_string(Compression compression);

/// How many bytes sniff_compression needs to be sure.
inline constexpr std::size_t kCompressionSniffBytes = 16;

/// By the first bytes only: media types and file names are not reliable.
Compression sniff_compression(ByteView head);

/// The bytes that a compressed source holds. Several consecutive members, frames or streams are one run of bytes, as in their own tools;
/// zeros after the last are padding; anything else there ends the bytes and is reported by trailing_data(). Damage or a truncated end is
/// an error (malformed), after all bytes before it have been returned. Checksums are verified. Memory is the decoder's state and one
/// buffer of the pool, which is filled before it is handed out; if the layer has none left for them, that is an error (limit_exceeded). For
/// undamaged data the chunks do not depend on how the source was split; the amount returned before damage may.
class InflateSource final : public ByteSource {
 public:
  InflateSource(PeekSource& source, Compression compression, BufferPool& buffers);
  ~InflateSource() override;

  Result<ByteView> next() override;
  /// True if the end was reached and bytes follow it that are neither another member nor zeros: the source still has them.
  bool trailing_data() const { return trailing_data_; }

 private:
  std::size_t fill(std::span<std::uint8_t> out);
  void next_member();

  PeekSource& input_;
  Compression compression_;
  std::unique_ptr<class Decoder> decoder_;  ///< null when nothing is compressed
  BufferPool::Loan buffer_;
  bool ended_ = false;
  bool trailing_data_ = false;
  std::optional<Error> failed_;
};

}  // namespace landwaiter::detectors
