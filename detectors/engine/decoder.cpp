// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/decoder.hpp"

#include "core/base/memory_meter.hpp"
#include "core/base/text.hpp"

#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
// For the functions that take an allocator.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace landwaiter::detectors {
namespace {

std::uint32_t size32(std::size_t size) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(size, std::numeric_limits<std::uint32_t>::max() / 2));
}

/// What a library allocates, windows above all: the layer's meter is asked first, so the windows of all decoders that are open add up to
/// no more than it has.
class DecoderMemory {
 public:
  DecoderMemory() = default;
  DecoderMemory(const DecoderMemory&) = delete;
  DecoderMemory& operator=(const DecoderMemory&) = delete;

  void* allocate(std::size_t size) {
    if (size > std::numeric_limits<std::size_t>::max() / 2 || !share_.borrow(size)) {
      refused_ = std::max(refused_, size);
      return nullptr;
    }
    auto* const block = static_cast<std::uint8_t*>(std::malloc(kHeadBytes + size));
    if (block == nullptr) throw std::bad_alloc();
    std::memcpy(block, &size, sizeof size);
    return block + kHeadBytes;
  }
  void free(void* memory) {
    if (memory == nullptr) return;
    auto* const block = static_cast<std::uint8_t*>(memory) - kHeadBytes;
    std::size_t size = 0;
    std::memcpy(&size, block, sizeof size);
    share_.give_back(size);
    std::free(block);
  }
  /// What to say if the library could not go on for this reason.
  std::optional<Error> refusal(std::string_view format) const {
    if (refused_ == 0) return std::nullopt;
    return Error(ErrorCode::limit_exceeded, "reading this " + std::string(format) + " data takes a window of " + human_bytes(refused_) +
                                                ", which is more memory than one worker has left: allow it more with --memory");
  }

  static void* allocate_for(void* self, std::size_t size) { return static_cast<DecoderMemory*>(self)->allocate(size); }
  static void free_for(void* self, void* memory) { static_cast<DecoderMemory*>(self)->free(memory); }

 private:
  static constexpr std::size_t kHeadBytes = alignof(std::max_align_t);
  MemoryShare share_;
  std::size_t refused_ = 0;  ///< the largest that was
};

/// Deflated data with the header of either format, or without any.
class GzipDecoder final : public Decoder {
 public:
  explicit GzipDecoder(Compression format) : format_(format) {
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
    // At the end of bytes without a header, the library gives back what it read ahead in earlier calls.
    step.unread = std::max(state_.avail_in, given_in) - given_in;
    step.consumed = given_in - std::min(state_.avail_in, given_in);
    step.produced = given_out - state_.avail_out;
    if (code < 0) {
      step.error = Error(ErrorCode::malformed, std::string(name()) + " data is damaged" + reason(code));
    } else {
      step.finished = !in_header_ && state_.block_state == ISAL_BLOCK_FINISH;
    }
    if (step.finished) give_back(step);
    return step;
  }

  void reset() override {
    isal_inflate_reset(&state_);
    expect_header();
  }

 private:
  std::string_view name() const { return format_ == Compression::none ? "deflate" : to_string(format_); }

  void expect_header() {
    if (format_ == Compression::none) {
      state_.crc_flag = ISAL_DEFLATE;
      in_header_ = false;
      return;
    }
    state_.crc_flag = format_ == Compression::gzip ? ISAL_GZIP : ISAL_ZLIB;
    isal_gzip_header_init(&header_);
    zlib_header_ = {};
    in_header_ = true;
  }

  /// The header is read separately: isal_inflate would forget its flags between two calls, and a header may span two chunks.
  int inflate() {
    if (in_header_) {
      const int code =
          format_ == Compression::gzip ? isal_read_gzip_header(&state_, &header_) : isal_read_zlib_header(&state_, &zlib_header_);
      if (code != ISAL_DECOMP_OK) return code;  // damaged, or positive: more bytes are needed
      in_header_ = false;
    }
    return isal_inflate(&state_);
  }

  /// The library reads eight bytes at a time, and keeps what follows the four of a zlib trailer.
  void give_back(Step& step) const {
    const std::size_t ahead = static_cast<std::size_t>(std::max(state_.read_in_length, 0)) / 8;
    const std::size_t of_this_call = std::min(ahead, step.consumed);
    step.consumed -= of_this_call;
    step.unread += ahead - of_this_call;
  }

  static const char* reason(int code) {
    switch (code) {
      case ISAL_INVALID_BLOCK: return ": invalid deflate block";
      case ISAL_INVALID_SYMBOL: return ": invalid deflate symbol";
      case ISAL_INVALID_LOOKBACK: return ": invalid deflate distance";
      case ISAL_INVALID_WRAPPER: return ": invalid header";
      case ISAL_UNSUPPORTED_METHOD: return ": unknown compression method";
      case ISAL_INCORRECT_CHECKSUM: return ": its checksum or length is wrong";
      default: return "";
    }
  }

  /// Zeroed, although the library does not ask for it: damaged Huffman codes make it use table entries that it never wrote,
  /// and the same damage should read the same every time.
  inflate_state state_{};
  isal_gzip_header header_{};
  isal_zlib_header zlib_header_{};
  Compression format_;
  bool in_header_ = true;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDCtx_advanced({DecoderMemory::allocate_for, DecoderMemory::free_for, &memory_})) {
    if (stream_) ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, ZSTD_WINDOWLOG_MAX);
  }

  Step step(ByteView in, std::span<std::uint8_t> out) override {
    Step step;
    if (!stream_) {
      step.error = memory_.refusal("zstd");
      return step;
    }
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t code = ZSTD_decompressStream(stream_.get(), &output, &input);
    step.consumed = input.pos;
    step.produced = output.pos;
    if (ZSTD_isError(code)) {
      const Error damaged(ErrorCode::malformed, std::string("zstd data cannot be read: ") + ZSTD_getErrorName(code));
      step.error = ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation ? memory_.refusal("zstd").value_or(damaged) : damaged;
    } else {
      step.finished = code == 0 && step.consumed > 0;
    }
    return step;
  }

  void reset() override {
    if (stream_) ZSTD_DCtx_reset(stream_.get(), ZSTD_reset_session_only);
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* stream) const { ZSTD_freeDCtx(stream); }
  };
  DecoderMemory memory_;
  std::unique_ptr<ZSTD_DCtx, Free> stream_;
};

/// One call of liblzma, unless the stream could not be started: `code` says that, and then how it went. LZMA_BUF_ERROR only says that
/// nothing could be done, which InflateSource detects itself.
Decoder::Step lzma_step(lzma_stream& stream, ByteView in, std::span<std::uint8_t> out, lzma_ret& code) {
  stream.next_in = in.data();
  stream.avail_in = in.size();
  stream.next_out = out.data();
  stream.avail_out = out.size();
  if (code == LZMA_OK) code = lzma_code(&stream, LZMA_RUN);
  Decoder::Step step;
  step.consumed = in.size() - stream.avail_in;
  step.produced = out.size() - stream.avail_out;
  step.finished = code == LZMA_STREAM_END;
  return step;
}

class XzDecoder final : public Decoder {
 public:
  explicit XzDecoder(Compression format) : format_(format) { stream_.allocator = &allocator_; }
  ~XzDecoder() override { lzma_end(&stream_); }

  Step step(ByteView in, std::span<std::uint8_t> out) override {
    lzma_ret code = started_;
    Step step = lzma_step(stream_, in, out, code);
    if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR) step.error = reason(code);
    return step;
  }

  void reset() override {
    // Streams one by one instead of LZMA_CONCATENATED, which treats trailing data as damage. The meter limits the memory.
    constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
    started_ = format_ == Compression::xz ? lzma_stream_decoder(&stream_, kNoLimit, 0) : lzma_alone_decoder(&stream_, kNoLimit);
  }

 private:
  static void* allocate(void* memory, std::size_t count, std::size_t size) {
    return static_cast<DecoderMemory*>(memory)->allocate(count * size);  // lzma's count is always 1
  }
  Error reason(lzma_ret code) const {
    const std::string what(to_string(format_));
    const Error damaged(ErrorCode::malformed, what + " data is damaged");
    switch (code) {
      case LZMA_MEM_ERROR: return memory_.refusal(what).value_or(damaged);
      case LZMA_OPTIONS_ERROR: return {ErrorCode::unsupported, what + " data uses a filter or option that is not supported"};
      default: return damaged;
    }
  }

  DecoderMemory memory_;
  lzma_allocator allocator_{allocate, DecoderMemory::free_for, &memory_};
  lzma_stream stream_ = LZMA_STREAM_INIT;
  lzma_ret started_ = LZMA_PROG_ERROR;
  Compression format_;
};

/// LZMA and what goes with it, without a header that says so.
class RawLzmaDecoder final : public Decoder {
 public:
  RawLzmaDecoder(std::span<const RawCoder> chain, std::uint64_t size) : size_(size) {
    stream_.allocator = &allocator_;
    for (std::size_t i = 0; i < chain.size() && started_ == LZMA_OK; ++i) started_ = add(chain[i]);
    filters_[used_].id = LZMA_VLI_UNKNOWN;
    reset();
  }
  ~RawLzmaDecoder() override {
    lzma_end(&stream_);
    for (std::size_t i = 0; i < used_; ++i) DecoderMemory::free_for(&memory_, filters_[i].options);
  }

  Step step(ByteView in, std::span<std::uint8_t> out) override {
    lzma_ret code = started_;
    Step step = lzma_step(stream_, in, out, code);
    if (code == LZMA_OK || code == LZMA_STREAM_END || code == LZMA_BUF_ERROR) return step;
    const Error damaged(ErrorCode::malformed, "lzma data is damaged");
    step.error = code == LZMA_MEM_ERROR ? memory_.refusal("lzma").value_or(damaged) : damaged;
    return step;
  }

  void reset() override {
    if (started_ == LZMA_OK) started_ = lzma_raw_decoder(&stream_, filters_.data());
  }

 private:
  static lzma_vli id_of(RawMethod method) {
    switch (method) {
      case RawMethod::lzma: return LZMA_FILTER_LZMA1;
      case RawMethod::lzma2: return LZMA_FILTER_LZMA2;
      case RawMethod::delta: return LZMA_FILTER_DELTA;
      case RawMethod::x86: return LZMA_FILTER_X86;
      case RawMethod::powerpc: return LZMA_FILTER_POWERPC;
      case RawMethod::ia64: return LZMA_FILTER_IA64;
      case RawMethod::arm: return LZMA_FILTER_ARM;
      case RawMethod::arm_thumb: return LZMA_FILTER_ARMTHUMB;
      case RawMethod::sparc: return LZMA_FILTER_SPARC;
#ifdef LZMA_FILTER_ARM64
      case RawMethod::arm64: return LZMA_FILTER_ARM64;
#endif
      default: return LZMA_VLI_UNKNOWN;
    }
  }

  lzma_ret add(const RawCoder& coder) {
    if (used_ == LZMA_FILTERS_MAX) return LZMA_OPTIONS_ERROR;
    lzma_filter& filter = filters_.at(used_);
    filter = {id_of(coder.method), nullptr};
    const lzma_ret read = lzma_properties_decode(&filter, &allocator_, coder.properties.data(), coder.properties.size());
    if (read != LZMA_OK) return read;
    ++used_;
    if (coder.method != RawMethod::lzma && coder.method != RawMethod::lzma2) return LZMA_OK;
    auto* const options = static_cast<lzma_options_lzma*>(filter.options);
    // What no distance can reach need not be there.
    constexpr std::uint64_t kLeast = LZMA_DICT_SIZE_MIN;
    options->dict_size = static_cast<std::uint32_t>(std::min<std::uint64_t>(options->dict_size, std::max(kLeast, size_)));
#ifdef LZMA_FILTER_LZMA1EXT
    // Without an end mark, what stands in front of LZMA would keep its last bytes to itself.
    if (coder.method == RawMethod::lzma) {
      filter.id = LZMA_FILTER_LZMA1EXT;
      options->ext_flags = LZMA_LZMA1EXT_ALLOW_EOPM;
      lzma_set_ext_size(*options, size_);
    }
#endif
    return LZMA_OK;
  }
  static void* allocate(void* memory, std::size_t count, std::size_t size) {
    return static_cast<DecoderMemory*>(memory)->allocate(count * size);
  }

  DecoderMemory memory_;
  lzma_allocator allocator_{allocate, DecoderMemory::free_for, &memory_};
  lzma_stream stream_ = LZMA_STREAM_INIT;
  std::array<lzma_filter, LZMA_FILTERS_MAX + 1> filters_{};
  std::size_t used_ = 0;
  std::uint64_t size_;
  lzma_ret started_ = LZMA_OK;
};

class Bzip2Decoder final : public Decoder {
 public:
  Bzip2Decoder() = default;
  ~Bzip2Decoder() override { BZ2_bzDecompressEnd(&stream_); }

  Step step(ByteView in, std::span<std::uint8_t> out) override {
    // The library does not write through next_in.
    stream_.next_in = const_cast<char*>(reinterpret_cast<const char*>(in.data()));
    stream_.avail_in = size32(in.size());
    stream_.next_out = reinterpret_cast<char*>(out.data());
    stream_.avail_out = size32(out.size());
    const std::uint32_t given_in = stream_.avail_in;
    const std::uint32_t given_out = stream_.avail_out;
    const int code = started_ == BZ_OK ? BZ2_bzDecompress(&stream_) : started_;
    Step step;
    step.consumed = given_in - stream_.avail_in;
    step.produced = given_out - stream_.avail_out;
    step.finished = code == BZ_STREAM_END;
    const Error damaged(ErrorCode::malformed, "bzip2 data is damaged");
    if (code == BZ_MEM_ERROR) step.error = memory_.refusal("bzip2").value_or(damaged);
    else if (code != BZ_OK && code != BZ_STREAM_END) step.error = damaged;
    return step;
  }

  void reset() override {
    BZ2_bzDecompressEnd(&stream_);
    stream_ = bz_stream{};
    stream_.bzalloc = allocate;
    stream_.bzfree = DecoderMemory::free_for;
    stream_.opaque = &memory_;
    started_ = BZ2_bzDecompressInit(&stream_, 0, 0);
  }

 private:
  static void* allocate(void* memory, int count, int size) {
    return static_cast<DecoderMemory*>(memory)->allocate(static_cast<std::size_t>(count) * static_cast<std::size_t>(size));
  }

  DecoderMemory memory_;
  bz_stream stream_{};
  int started_ = BZ_PARAM_ERROR;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(Compression compression) {
  std::unique_ptr<Decoder> decoder;
  switch (compression) {
    case Compression::gzip:
    case Compression::zlib: decoder = std::make_unique<GzipDecoder>(compression); break;
    case Compression::zstd: decoder = std::make_unique<ZstdDecoder>(); break;
    case Compression::xz:
    case Compression::lzma: decoder = std::make_unique<XzDecoder>(compression); break;
    case Compression::bzip2: decoder = std::make_unique<Bzip2Decoder>(); break;
    case Compression::none: break;
  }
  if (decoder) decoder->reset();
  return decoder;
}

std::unique_ptr<Decoder> make_raw_decoder(std::span<const RawCoder> chain, std::uint64_t size) {
  if (chain.empty()) return nullptr;
  std::unique_ptr<Decoder> decoder;
  const RawMethod last = chain.back().method;
  if (last == RawMethod::lzma || last == RawMethod::lzma2) return std::make_unique<RawLzmaDecoder>(chain, size);
  if (chain.size() > 1) return nullptr;
  if (last == RawMethod::deflate) decoder = std::make_unique<GzipDecoder>(Compression::none);
  if (last == RawMethod::bzip2) decoder = std::make_unique<Bzip2Decoder>();
  if (decoder) decoder->reset();
  return decoder;
}

}  // namespace landwaiter::detectors
