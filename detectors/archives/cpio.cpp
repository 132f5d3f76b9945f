// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/cpio.hpp"

#include "core/base/limits.hpp"
#include "core/base/work_meter.hpp"
#include "detectors/engine/file_results.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace landwaiter::detectors {

struct CpioHeader {
  std::size_t bytes = 0;    ///< of the header itself
  std::size_t aligned = 1;  ///< what name and content are padded to, from the header's start
  std::uint32_t mode = 0, uid = 0, gid = 0;
  std::uint64_t name_bytes = 0;  ///< with a NUL at its end
  std::uint64_t content_bytes = 0;

  std::uint64_t padding(std::uint64_t end) const { return (aligned - end % aligned) % aligned; }
};

namespace {

constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr std::size_t kNewBytes = 110, kOldBytes = 76, kBinaryBytes = 26;
/// No system has paths that are longer; the binary format's magic is short, so there a name must be a likelier one.
constexpr std::uint64_t kNameBytesMax = 64 * limits::KiB, kBinaryNameBytesMax = 1024;

/// A field of digits.
std::uint64_t number_at(std::string_view text, std::size_t from, std::size_t size, int base) {
  std::uint64_t value = 0;
  std::from_chars(text.data() + from, text.data() + from + size, value, base);
  return value;
}

bool only(std::string_view text, std::string_view allowed) { return text.find_first_not_of(allowed) == std::string_view::npos; }

std::optional<CpioHeader> new_header(std::string_view text) {
  if (text.size() < kNewBytes || !only(text.substr(0, kNewBytes), "0123456789abcdefABCDEF")) return std::nullopt;
  const auto field = [&](std::size_t at) { return static_cast<std::uint32_t>(number_at(text, at, 8, 16)); };
  return CpioHeader{kNewBytes, 4, field(14), field(22), field(30), field(94), field(54)};
}

std::optional<CpioHeader> old_header(std::string_view text) {
  if (text.size() < kOldBytes || !only(text.substr(0, kOldBytes), "01234567")) return std::nullopt;
  const auto field = [&](std::size_t at) { return static_cast<std::uint32_t>(number_at(text, at, 6, 8)); };
  return CpioHeader{kOldBytes, 1, field(18), field(24), field(30), field(59), number_at(text, 65, 11, 8)};
}

/// Words of two bytes; of a number of four the upper word comes first, whatever the order of the bytes is.
std::optional<CpioHeader> binary_header(ByteView head, bool little_endian) {
  if (head.size() < kBinaryBytes) return std::nullopt;
  const auto word = [&](std::size_t at) -> std::uint32_t {
    return little_endian ? head[at] | std::uint32_t{head[at + 1]} << 8U : std::uint32_t{head[at]} << 8U | head[at + 1];
  };
  const std::uint64_t content = std::uint64_t{word(22)} << 16U | word(24);
  const CpioHeader header{kBinaryBytes, 2, word(6), word(8), word(10), word(20), content};
  const std::size_t end = kBinaryBytes + header.name_bytes;
  if (header.name_bytes < 2 || header.name_bytes > kBinaryNameBytesMax || head.size() < end || head[end - 1] != 0) return std::nullopt;
  // Only the trailer is of no type.
  if (header.mode == 0 && !as_text(head.subspan(kBinaryBytes)).starts_with(kTrailer)) return std::nullopt;
  return header;
}

std::optional<CpioHeader> read_header(ByteView head) {
  const std::string_view text = as_text(head);
  std::optional<CpioHeader> header;
  if (text.starts_with("070701") || text.starts_with("070702")) header = new_header(text);
  if (text.starts_with("070707")) header = old_header(text);
  if (text.starts_with("\xc7\x71")) header = binary_header(head, true);
  if (text.starts_with("\x71\xc7")) header = binary_header(head, false);
  if (header && (header->name_bytes < 2 || header->name_bytes > kNameBytesMax)) return std::nullopt;
  return header;
}

/// What has to be seen to know a header.
constexpr std::size_t kHeadBytes = kBinaryBytes + kBinaryNameBytesMax;

EntryType type_of(std::uint32_t mode) {
  switch (mode & 0170000U) {
    case 0100000: return EntryType::file;
    case 0040000: return EntryType::directory;
    case 0120000: return EntryType::symbolic_link;
    case 0020000: return EntryType::character_device;
    case 0060000: return EntryType::block_device;
    case 0010000: return EntryType::fifo;
    default: return EntryType::other;
  }
}

bool may_begin_header(ByteView head) {
  const std::string_view start = as_text(head.first(std::min<std::size_t>(2, head.size())));
  return start == "07" || start == "\xc7\x71" || start == "\x71\xc7";
}

Error cpio_damaged(const char* why) { return {ErrorCode::malformed, std::string("cpio archive is damaged: ") + why}; }

std::string up_to_nul(std::string_view text) { return std::string(text.substr(0, text.find('\0'))); }

}  // namespace

bool looks_like_cpio(ByteView head) { return read_header(head).has_value(); }

EntryReader::Step Cpio::fail(Error error) {
  failed_ = true;
  error_ = std::move(error);
  return Step::failed;
}

bool Cpio::pass_over(std::uint64_t bytes) {
  while (bytes > 0) {
    const auto chunk = source_.peek(1);
    if (!chunk || chunk->empty()) return false;
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, chunk->size()));
    source_.consume(part);
    bytes -= part;
  }
  return true;
}

/// The next place where a header can begin.
Result<void> Cpio::find_header() {
  const Error none(ErrorCode::malformed, "cpio archive is damaged: it ends with bytes that are no header of a file");
  source_.consume(1);
  while (true) {
    const auto head = source_.peek(kHeadBytes);
    if (!head) return head.error();
    if (head->empty()) return none;
    // Before the source's end a header is looked at only as a whole.
    const std::size_t places = head->size() < kHeadBytes ? head->size() : head->size() - kHeadBytes + 1;
    for (std::size_t at = 0; at < places; ++at) {
      if (!may_begin_header(head->subspan(at))) continue;
      if (!charge_work(kNewBytes)) return no_work_for("not read to its end");
      if (!read_header(head->subspan(at))) continue;
      source_.consume(at);
      return {};
    }
    source_.consume(places);
  }
}

EntryReader::Step Cpio::next() {
  if (failed_) return Step::failed;
  if (!pass_over(std::exchange(left_, 0))) return fail(cpio_damaged("it ends within a file"));
  pass_over(std::exchange(padding_, 0));
  const auto head = source_.peek(kHeadBytes);
  if (!head) return fail(head.error());
  if (head->empty()) return fail(cpio_damaged("it ends without a trailer"));
  const auto header = read_header(*head);
  if (!header) {
    const auto found = find_header();
    if (!found) return fail(found.error());
    error_ = Error(ErrorCode::malformed, "cpio archive is damaged: bytes between two files were passed over");
    return Step::damaged;
  }
  // Others than usual headers do not exist: each brings what it costs.
  constexpr std::uint64_t kEntryUnits = 1'000;
  charge_work(kEntryUnits);
  const std::uint64_t name_end = header->bytes + header->name_bytes;
  const auto whole = source_.peek(static_cast<std::size_t>(name_end));
  if (!whole || whole->size() < name_end) return fail(cpio_damaged("it ends within a header"));
  entry_ = ArchiveEntry{};
  entry_.name = up_to_nul(as_text(whole->subspan(header->bytes, static_cast<std::size_t>(header->name_bytes))));
  source_.consume(static_cast<std::size_t>(name_end));
  pass_over(header->padding(name_end));
  if (entry_.name == kTrailer) return Step::end;
  take(*header);
  return Step::entry;
}

void Cpio::take(const CpioHeader& header) {
  metadata_.mode = header.mode & 07777U;
  metadata_.uid = header.uid;
  metadata_.gid = header.gid;
  left_ = header.content_bytes;
  padding_ = header.padding(left_);
  entry_.size_bytes = left_;
  entry_.size_known = entry_.exact_size = true;
  entry_.type = type_of(header.mode);
  symbolic_link_.clear();
  const bool link = entry_.type == EntryType::symbolic_link && left_ <= limits::path_bytes_max;
  // What has bytes that it should not have is searched like a file.
  if (!link && left_ > 0) entry_.type = EntryType::file;
  if (!link) return;
  if (const auto target = source_.peek(static_cast<std::size_t>(left_))) symbolic_link_ = up_to_nul(as_text(*target).substr(0, left_));
}

Result<EntryReader::Block> Cpio::read() {
  if (failed_) return error_;
  const std::uint64_t at = entry_.size_bytes - left_;
  if (left_ == 0) return Block{at, {}};
  const auto chunk = source_.peek(1);
  if (!chunk || chunk->empty()) {
    fail(chunk ? cpio_damaged("it ends within a file") : chunk.error());
    return error_;
  }
  const ByteView part = chunk->first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, chunk->size())));
  source_.consume(part.size());
  left_ -= part.size();
  return Block{at, part};
}

}  // namespace landwaiter::detectors
