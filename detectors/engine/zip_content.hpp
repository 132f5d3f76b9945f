// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "detectors/engine/buffer_pool.hpp"
#include "detectors/engine/decoder.hpp"

#include <memory>
#include <optional>

namespace landwaiter::detectors {

/// Whether bytes begin with a zip's local header (APPNOTE.TXT, 4.3.7).
bool begins_with_zip_entry(ByteView bytes);

/// What the entries of a small zip hold, one behind the other with a line end between them: for a zip that was decoded from a text, whose
/// entries have no place of their own. Goes from one local header to the next, whatever the list at the end says.
class ZipContent final : public ByteSource {
 public:
  ZipContent(ByteView zip, BufferPool& buffers) : zip_(zip), buffer_(buffers.take()) {}
  Result<ByteView> next() override;
  /// An entry was left out, because it is encrypted or compressed in another way.
  bool left_out() const { return left_out_; }

 private:
  bool begin_entry();
  ByteView inflate();

  ByteView zip_;  ///< what has not been looked at
  BufferPool::Loan buffer_;
  std::unique_ptr<Decoder> decoder_;
  bool in_entry_ = false;
  bool first_ = true;
  bool left_out_ = false;
};

}  // namespace landwaiter::detectors
