// SPDX-License-Identifier: Apache-2.0
#include "detectors/walk/decoder.hpp"

#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <limits>

namespace landwaiter::detectors {
namespace {

std::uint32_t size32(std::size_t size) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(size, std::numeric_limits<std::uint32_t>::max() / 2));
}

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() {
    isal_inflate_init(&state_);
    expect_header();
  }

  Step step(ByteView in, std::span<std::uint8_t> out) override {
    // The library does not write through next_in.
    state_.next_in = const_cast<std::uint8_t*>(in.data());
    state_.avail_in = size32(in.size());
    state_.next_out = out.data();
    state_.avail_out = size32(out.size());
    const std::uint32_t given_in = state_.avail_in;
    const std::uint32_t given_out = state_.avail_out;
    const int code = inflate();
    Step step;
    step.consumed = given_in - state_.avail_in;
    step.produced = given_out - state_.avail_out;
    if (code < 0) {
      step.error = Error(ErrorCode::malformed, reason(code));
    } else {
      step.finished = !in_header_ && state_.block_state == ISAL_BLOCK_FINISH;
    }
    return step;
  }

  void reset() override {
    isal_inflate_reset(&state_);
    expect_header();
  }

 private:
  void expect_header() {
    state_.crc_flag = ISAL_GZIP;
    isal_gzip_header_init(&header_);
    in_header_ = true;
  }

  /// The header is read separately: isal_inflate would forget its flags between two calls, and a header may span two chunks.
  int inflate() {
    if (in_header_) {
      const int code = isal_read_gzip_header(&state_, &header_);
      if (code != ISAL_DECOMP_OK) return code;  // damaged, or positive: more bytes are needed
      in_header_ = false;
    }
    return isal_inflate(&state_);
  }

  static const char* reason(int code) {
    switch (code) {
      case ISAL_INVALID_BLOCK: return "gzip data is damaged: invalid deflate block";
      case ISAL_INVALID_SYMBOL: return "gzip data is damaged: invalid deflate symbol";
      case ISAL_INVALID_LOOKBACK: return "gzip data is damaged: invalid deflate distance";
      case ISAL_INVALID_WRAPPER: return "gzip data is damaged: invalid header";
      case ISAL_UNSUPPORTED_METHOD: return "gzip data is damaged: unknown compression method";
      case ISAL_INCORRECT_CHECKSUM: return "gzip data is damaged: its checksum or length is wrong";
      default: return "gzip data is damaged";
    }
  }

  /// Zeroed, although the library does not ask for it: damaged Huffman codes make it use table entries that it never wrote,
  /// and the same damage should read the same every time.
  inflate_state state_{};
  isal_gzip_header header_{};
  bool in_header_ = true;
};

class ZstdDecoder final : public Decoder {
 public:
  explicit ZstdDecoder(int window_log_max) : stream_(ZSTD_createDCtx()) {
    if (!stream_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, window_log_max);
  }

  Step step(ByteView in, std::span<std::uint8_t> out) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t code = ZSTD_decompressStream(stream_.get(), &output, &input);
    Step step;
    step.consumed = input.pos;
    step.produced = output.pos;
    if (ZSTD_isError(code)) {
      const bool window = ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge;
      step.error = Error(window ? ErrorCode::limit_exceeded : ErrorCode::malformed,
                         std::string("zstd data cannot be read: ") + ZSTD_getErrorName(code));
    } else {
      step.finished = code == 0 && step.consumed > 0;
    }
    return step;
  }

  void reset() override { ZSTD_DCtx_reset(stream_.get(), ZSTD_reset_session_only); }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* stream) const { ZSTD_freeDCtx(stream); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> stream_;
};

class XzDecoder final : public Decoder {
 public:
  explicit XzDecoder(std::uint64_t memory_bytes_max) : memory_bytes_max_(memory_bytes_max) {}
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;
  ~XzDecoder() override { lzma_end(&stream_); }

  Step step(ByteView in, std::span<std::uint8_t> out) override {
    stream_.next_in = in.data();
    stream_.avail_in = in.size();
    stream_.next_out = out.data();
    stream_.avail_out = out.size();
    const lzma_ret code = lzma_code(&stream_, LZMA_RUN);
    Step step;
    step.consumed = in.size() - stream_.avail_in;
    step.produced = out.size() - stream_.avail_out;
    step.finished = code == LZMA_STREAM_END;
    // LZMA_BUF_ERROR only says that nothing could be done, which InflateSource detects itself.
    if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR) step.error = reason(code);
    return step;
  }

  void reset() override {
    // Streams one by one instead of LZMA_CONCATENATED, which treats trailing data as damage.
    if (lzma_stream_decoder(&stream_, memory_bytes_max_, 0) != LZMA_OK) throw std::bad_alloc();
  }

 private:
  static Error reason(lzma_ret code) {
    switch (code) {
      case LZMA_MEMLIMIT_ERROR: return {ErrorCode::limit_exceeded, "xz data needs more memory than lzma_memory_bytes_max to decompress"};
      case LZMA_MEM_ERROR: throw std::bad_alloc();
      case LZMA_OPTIONS_ERROR: return {ErrorCode::unsupported, "xz data uses a filter or option that is not supported"};
      default: return {ErrorCode::malformed, "xz data is damaged"};
    }
  }

  std::uint64_t memory_bytes_max_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

class Bzip2Decoder final : public Decoder {
 public:
  Bzip2Decoder() = default;
  Bzip2Decoder(const Bzip2Decoder&) = delete;
  Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;
  ~Bzip2Decoder() override { BZ2_bzDecompressEnd(&stream_); }

  Step step(ByteView in, std::span<std::uint8_t> out) override {
    // The library does not write through next_in.
    stream_.next_in = const_cast<char*>(reinterpret_cast<const char*>(in.data()));
    stream_.avail_in = size32(in.size());
    stream_.next_out = reinterpret_cast<char*>(out.data());
    stream_.avail_out = size32(out.size());
    const std::uint32_t given_in = stream_.avail_in;
    const std::uint32_t given_out = stream_.avail_out;
    const int code = BZ2_bzDecompress(&stream_);
    Step step;
    step.consumed = given_in - stream_.avail_in;
    step.produced = given_out - stream_.avail_out;
    step.finished = code == BZ_STREAM_END;
    if (code == BZ_MEM_ERROR) throw std::bad_alloc();
    if (code != BZ_OK && code != BZ_STREAM_END) step.error = Error(ErrorCode::malformed, "bzip2 data is damaged");
    return step;
  }

  void reset() override {
    BZ2_bzDecompressEnd(&stream_);
    stream_ = bz_stream{};
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw std::bad_alloc();
  }

 private:
  bz_stream stream_{};
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(Compression compression, const InflateOptions& options) {
  std::unique_ptr<Decoder> decoder;
  switch (compression) {
    case Compression::gzip: decoder = std::make_unique<GzipDecoder>(); break;
    case Compression::zstd: decoder = std::make_unique<ZstdDecoder>(options.zstd_window_log_max); break;
    case Compression::xz: decoder = std::make_unique<XzDecoder>(options.lzma_memory_bytes_max); break;
    case Compression::bzip2: decoder = std::make_unique<Bzip2Decoder>(); break;
    case Compression::none: break;
  }
  if (decoder) decoder->reset();
  return decoder;
}

}  // namespace landwaiter::detectors
