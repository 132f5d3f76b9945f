// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "detectors/engine/inflate.hpp"

#include <memory>
#include <optional>
#include <span>

namespace landwaiter::detectors {

/// One compression library behind a common interface, for one member (gzip), frame (zstd) or stream (xz, bzip2) at a time. InflateSource
/// does everything that the formats have in common.
class Decoder {
 public:
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;  ///< counts also before an error
    bool finished = false;     ///< the member is complete and its checksum was right
    std::size_t unread = 0;    ///< when it is: bytes of earlier calls, the last of them, that come after it
    std::optional<Error> error;
  };

  virtual ~Decoder() = default;
  /// Decodes some of `in` into `out`. An empty `in` requests pending output. Neither consuming nor producing means that more input is
  /// needed.
  virtual Step step(ByteView in, std::span<std::uint8_t> out) = 0;
  /// Ready for another member.
  virtual void reset() = 0;
};

/// Null for Compression::none. What the libraries allocate is the thread's memory meter's; what that refuses is an error (limit_exceeded)
/// of step().
std::unique_ptr<Decoder> make_decoder(Compression compression);

/// How bytes are packed without a frame around them, as in 7z archives ("Methods.txt" of 7-Zip) and cabinets.
enum class RawMethod { deflate, bzip2, lzma, lzma2, delta, x86, powerpc, ia64, arm, arm_thumb, sparc, arm64 };
struct RawCoder {
  RawMethod method = RawMethod::deflate;
  ByteView properties;
};
/// For content of so many bytes, which this chain packed in its order. Null if there is no decoder for such a chain.
std::unique_ptr<Decoder> make_raw_decoder(std::span<const RawCoder> chain, std::uint64_t size);

}  // namespace landwaiter::detectors
