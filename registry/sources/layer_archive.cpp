// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/layer_archive.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace landwaiter::registry {
namespace {

constexpr std::size_t kChunkBytes = 256 * limits::KiB;
/// So often others have their turn: the io thread serves them all.
constexpr std::uint64_t kBytesBetweenTurns = 8 * limits::MiB;

enum class Packing { none, known, xz };

Packing packing_of(ByteView head) {
  const auto starts = [&](std::initializer_list<std::uint8_t> magic) {
    return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin());
  };
  if (starts({0x1f, 0x8b, 8}) || starts({0x28, 0xb5, 0x2f, 0xfd})) return Packing::known;
  // The name of a tar's first file may begin with BZh as well.
  if (head.size() >= 10 && starts({'B', 'Z', 'h', head[3], 0x31, 0x41, 0x59, 0x26, 0x53, 0x59})) return Packing::known;
  // A frame that zstd passes over, with which zstd:chunked may begin.
  if (head.size() >= 4 && (head[0] & 0xf0U) == 0x50 && starts({head[0], 0x2a, 0x4d, 0x18})) return Packing::known;
  return starts({0xfd, '7', 'z', 'X', 'Z', 0}) ? Packing::xz : Packing::none;
}

/// Expands a member, and hashes both what goes in and what comes out.
class Expansion {
 public:
  Expansion(std::unique_ptr<MemberReader> layer, Digest::Algorithm algorithm)
      : layer_(std::move(layer)),
        packed_(Digest::Algorithm::sha256),
        expanded_(algorithm),
        input_(kChunkBytes),
        output_(kChunkBytes),
        archive_(archive_read_new()) {
    archive_read_support_format_raw(archive_.get());
    archive_read_support_format_empty(archive_.get());
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_filter_zstd(archive_.get());
    archive_read_support_filter_bzip2(archive_.get());
    archive_read_set_callback_data(archive_.get(), this);
    archive_read_set_read_callback(archive_.get(), feed);
  }
  Expansion(const Expansion&) = delete;
  Expansion& operator=(const Expansion&) = delete;

  /// The first bytes; they are part of what begin() reads.
  Result<ByteView> head() {
    auto filled = fill();
    if (!filled) return filled.error();
    return ByteView(input_).first(waiting_);
  }

  Result<void> begin() {
    archive_entry* entry = nullptr;
    if (archive_read_open1(archive_.get()) != ARCHIVE_OK) return failure();
    const int found = archive_read_next_header(archive_.get(), &entry);
    expands_to_nothing_ = found == ARCHIVE_EOF;
    return found == ARCHIVE_OK || found == ARCHIVE_WARN || found == ARCHIVE_EOF ? Result<void>() : failure();
  }

  /// The bytes that came out; 0 at the end.
  Result<std::size_t> step() {
    if (expands_to_nothing_) return std::size_t{0};
    const la_ssize_t size = archive_read_data(archive_.get(), output_.data(), output_.size());
    if (size < 0) return failure();
    expanded_.update(ByteView(output_).first(static_cast<std::size_t>(size)));
    return static_cast<std::size_t>(size);
  }

  Digest expanded() { return expanded_.finish(); }

  /// With what lies behind the compressed data.
  Result<Digest> packed() {
    while (true) {
      auto more = fill();
      if (!more) return more.error();
      if (waiting_ == 0) return packed_.finish();
      waiting_ = 0;
    }
  }

 private:
  struct Free {
    void operator()(archive* a) const { archive_read_free(a); }
  };

  /// Reads a chunk, unless one waits.
  Result<void> fill() {
    while (waiting_ < input_.size() && !ended_) {
      auto size = layer_->read_now(std::span(input_).subspan(waiting_));
      if (!size) return size.error();
      ended_ = *size == 0;
      packed_.update(ByteView(input_).subspan(waiting_, *size));
      waiting_ += *size;
    }
    return {};
  }

  static la_ssize_t feed(archive* reader, void* self, const void** bytes) {
    auto& here = *static_cast<Expansion*>(self);
    auto filled = here.fill();
    if (!filled) {
      archive_set_error(reader, EIO, "%s", filled.error().message().c_str());
      return ARCHIVE_FATAL;
    }
    *bytes = here.input_.data();
    return static_cast<la_ssize_t>(std::exchange(here.waiting_, 0));
  }

  Error failure() {
    const char* why = archive_error_string(archive_.get());
    return Error(ErrorCode::malformed, "it cannot be expanded: " + printable(why ? why : "unknown reason"));
  }

  std::unique_ptr<MemberReader> layer_;
  Hasher packed_, expanded_;
  std::vector<std::uint8_t> input_, output_;
  std::size_t waiting_ = 0;  ///< bytes of input_ that nobody has taken
  bool ended_ = false;
  bool expands_to_nothing_ = false;
  std::unique_ptr<archive, Free> archive_;
};

}  // namespace

Awaitable<Digest> prove_layer(std::unique_ptr<MemberReader> layer, Digest diff_id) {
  Expansion expansion(std::move(layer), diff_id.algorithm());
  auto head = expansion.head();
  if (!head) co_return head.error();
  const Packing packing = packing_of(*head);
  if (packing == Packing::none) co_return diff_id;
  if (packing == Packing::xz)
    co_return Error(ErrorCode::unsupported, "it is compressed by xz: only gzip, zstd and bzip2 are read in a docker archive");
  auto begun = expansion.begin();
  if (!begun) co_return begun.error();
  std::uint64_t total = 0, in_turn = 0;
  while (true) {
    auto size = expansion.step();
    if (!size) co_return size.error();
    if (*size == 0) break;
    total += *size;
    in_turn += *size;
    if (total > limits::layer_expanded_bytes_max) {
      co_return Error(ErrorCode::limit_exceeded, "it expands to more than " + human_bytes(limits::layer_expanded_bytes_max));
    }
    if (in_turn < kBytesBetweenTurns) continue;
    in_turn = 0;
    co_await asio::post(asio::use_awaitable);
  }
  const Digest expanded = expansion.expanded();
  if (expanded != diff_id) {
    co_return Error(ErrorCode::digest_mismatch, "it expands to " + expanded.str() + " instead of its diff_id " + diff_id.str());
  }
  co_return expansion.packed();
}

}  // namespace landwaiter::registry
