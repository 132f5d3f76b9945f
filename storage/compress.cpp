// SPDX-License-Identifier: Apache-2.0
#include "storage/compress.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <zstd.h>

#include <memory>
#include <new>

namespace landwaiter::storage {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

Bytes zstd_compress(std::string_view text, int level) {
  const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  Bytes out(ZSTD_compressBound(text.size()));
  const std::size_t size = ZSTD_compress2(context.get(), out.data(), out.size(), text.data(), text.size());
  if (ZSTD_isError(size)) throw std::bad_alloc();  // the bound rules out every other cause
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

std::uint64_t zstd_expanded_bytes(ByteView compressed) {
  const auto bytes = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  return bytes == ZSTD_CONTENTSIZE_UNKNOWN || bytes == ZSTD_CONTENTSIZE_ERROR ? 0 : bytes;
}

Result<std::string> zstd_decompress(ByteView compressed, std::uint64_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, limits::zstd_window_log_max);

  std::string out;
  std::string chunk(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer input{compressed.data(), compressed.size(), 0};
  std::size_t state = 1;  // 0 is the end of a frame
  while (true) {
    ZSTD_outBuffer output{chunk.data(), chunk.size(), 0};
    const std::size_t consumed_before = input.pos;
    state = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(state)) return Error(ErrorCode::malformed, std::string("zstd data is damaged: ") + ZSTD_getErrorName(state));
    if (out.size() + output.pos > bytes_max) {
      return Error(ErrorCode::limit_exceeded, "zstd data expands to more than " + human_bytes(bytes_max));
    }
    out.append(chunk.data(), output.pos);
    if (input.pos == input.size && state == 0) return out;
    if (input.pos == consumed_before && output.pos == 0) break;
  }
  return Error(ErrorCode::malformed, "zstd data is truncated");
}

}  // namespace landwaiter::storage
