// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/zip_content.hpp"

#include "core/base/work_meter.hpp"
#include "detectors/engine/file_results.hpp"

#include <algorithm>
#include <utility>

namespace landwaiter::detectors {
namespace {

constexpr std::string_view kLocalHeader = "PK\x03\x04";

std::size_t two_bytes(ByteView bytes, std::size_t at) { return bytes[at] | std::size_t{bytes[at + 1]} << 8U; }

}  // namespace

bool begins_with_zip_entry(ByteView bytes) { return as_text(bytes).starts_with(kLocalHeader); }

/// Goes to the next entry's content; false if there is none.
bool ZipContent::begin_entry() {
  constexpr std::size_t kHeaderBytes = 30;
  constexpr std::uint64_t kUnits = 3'000;
  constexpr std::size_t kEncrypted = 1, kStored = 0, kDeflated = 8;
  while (true) {
    const std::size_t at = as_text(zip_).find(kLocalHeader);
    if (at == std::string_view::npos || zip_.size() - at < kHeaderBytes || !charge_work(kUnits)) return false;
    const ByteView header = zip_.subspan(at);
    zip_ = header.subspan(kHeaderBytes);
    const std::size_t texts = two_bytes(header, 26) + two_bytes(header, 28), method = two_bytes(header, 8);
    if (texts > zip_.size()) continue;
    if ((two_bytes(header, 6) & kEncrypted) != 0 || (method != kStored && method != kDeflated)) {
      left_out_ = true;
      continue;
    }
    // What is not compressed is found in the zip's own bytes.
    if (method == kStored) continue;
    zip_ = zip_.subspan(texts);
    const RawCoder deflate;
    if (decoder_) decoder_->reset();
    else decoder_ = make_raw_decoder(std::span(&deflate, 1), 0);
    return true;
  }
}

/// The next piece of the entry; empty at its end, and where it is damaged.
ByteView ZipContent::inflate() {
  const std::span<std::uint8_t> out = buffer_.span();
  while (in_entry_) {
    const Decoder::Step step = decoder_->step(zip_, out);
    zip_ = zip_.subspan(step.consumed);
    // They lie in front of what is left.
    zip_ = ByteView(zip_.data() - step.unread, zip_.size() + step.unread);
    in_entry_ = !step.finished && !step.error && (step.consumed > 0 || step.produced > 0);
    if (step.produced > 0) return ByteView(out.first(step.produced));
  }
  return {};
}

Result<ByteView> ZipContent::next() {
  if (!buffer_) return no_memory_for("zip data is not read");
  while (true) {
    if (const ByteView piece = inflate(); !piece.empty()) return piece;
    if (!begin_entry()) return ByteView{};
    in_entry_ = true;
    static constexpr std::uint8_t kBetween = '\n';
    if (!std::exchange(first_, false)) return ByteView(&kBetween, 1);
  }
}

}  // namespace landwaiter::detectors
