// SPDX-License-Identifier: Apache-2.0
#include "detectors/archives/archive_reader.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/base/work_meter.hpp"
#include "core/os/locale.hpp"
#include "detectors/engine/file_results.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace landwaiter::detectors {

/// The context of libarchive's read callback.
struct ArchiveReader::Source {
  ByteSource& bytes;
  std::uint64_t header_bytes_max;
  bool in_header = false;
  std::uint64_t header_bytes = 0;
  std::uint64_t delivered = 0;
  ByteView chunk;
  ByteView left;  ///< of the chunk, not given to libarchive yet
  Bytes before;   ///< the end of what came before the chunk, as far as a zip's header may reach back into it
  std::optional<Error> failed;

  static la_ssize_t read(struct archive*, void* context, const void** buffer) { return static_cast<Source*>(context)->next(buffer); }

  la_ssize_t next(const void** buffer) {
    if (in_header && header_bytes > header_bytes_max) {
      failed =
          Error(ErrorCode::limit_exceeded, "an archive's header of more than " + human_bytes(header_bytes_max) + " (tar_header_bytes_max)");
      return ARCHIVE_FATAL;
    }
    if (left.empty()) {
      const ByteView end = chunk.last(std::min<std::size_t>(chunk.size(), limits::path_bytes_max));
      before.insert(before.end(), end.begin(), end.end());
      if (before.size() > limits::path_bytes_max)
        before.erase(before.begin(), before.end() - static_cast<std::ptrdiff_t>(limits::path_bytes_max));
      auto next = bytes.next();
      if (!next) {
        failed = next.error();
        return ARCHIVE_FATAL;
      }
      chunk = left = *next;
      delivered += chunk.size();
    }
    // A header in small pieces, so that it ends soon after its limit.
    constexpr std::size_t kHeaderPieceBytes = 64 * limits::KiB;
    const ByteView piece = left.first(in_header ? std::min(left.size(), kHeaderPieceBytes) : left.size());
    left = left.subspan(piece.size());
    if (in_header) header_bytes += piece.size();
    *buffer = piece.data();
    return static_cast<la_ssize_t>(piece.size());
  }
};

void ArchiveReader::Free::operator()(struct archive* archive) const { archive_read_free(archive); }

namespace {

/// libarchive converts names that are declared to be UTF-8 to the thread's charset, and composes accents on the way. For a tar
/// we want their bytes as they are, which it keeps when the conversion fails, as in ASCII it does for all others. For a zip or a cabinet
/// a failure loses the name, so there UTF-8 it is.
NameCharset charset_for(ArchiveFormat format) {
  return format == ArchiveFormat::zip || format == ArchiveFormat::cab ? NameCharset::utf8 : NameCharset::ascii;
}

/// libarchive's warning, except for names that keep their bytes, as explained above.
bool worth_telling(std::string_view warning) { return warning.find("converted from") == std::string_view::npos; }

void append_utf8(std::string& out, char32_t point) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      put(0xe0 | point >> 12);
    } else {
      put(0xf0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3f));
    }
    put(0x80 | (point >> 6 & 0x3f));
  }
  put(0x80 | (point & 0x3f));
}

/// A name in whatever form libarchive can provide: its conversions fail on names outside the locale's charset.
std::string either_text(const char* utf8, const wchar_t* wide) {
  if (utf8) return utf8;
  std::string text;
  for (; wide && *wide; ++wide) append_utf8(text, static_cast<char32_t>(*wide));
  return text;
}

std::string name_of(struct archive_entry* header) {
  if (const char* raw = archive_entry_pathname(header)) return raw;
  return either_text(archive_entry_pathname_utf8(header), archive_entry_pathname_w(header));
}

std::string hard_link_of(struct archive_entry* header) {
  if (const char* raw = archive_entry_hardlink(header)) return raw;
  return either_text(archive_entry_hardlink_utf8(header), archive_entry_hardlink_w(header));
}

ArchiveEntry::Type type_of(struct archive_entry* header) {
  switch (archive_entry_filetype(header)) {
    case AE_IFREG: return ArchiveEntry::Type::file;
    case AE_IFDIR: return ArchiveEntry::Type::directory;
    case AE_IFLNK: return ArchiveEntry::Type::symbolic_link;
    case AE_IFCHR: return ArchiveEntry::Type::character_device;
    case AE_IFBLK: return ArchiveEntry::Type::block_device;
    case AE_IFIFO: return ArchiveEntry::Type::fifo;
    default: return ArchiveEntry::Type::other;
  }
}

/// Zip methods whose decoders allocate as much memory as the archive requests (lzma, xz, ppmd, zstd: up to 4 GiB) are not supported.
std::string unsupported_zip_content(struct archive* archive, struct archive_entry* header) {
  if (archive_entry_is_data_encrypted(header)) return "it is encrypted";
  const char* text = archive_format_name(archive);
  const std::string_view name = text ? text : "";
  for (const std::string_view method : {"(uncompressed)", "(deflation)", "(bzip)"}) {
    if (name.ends_with(method)) return {};
  }
  return "its zip compression method is not supported: " + printable(name);
}

int support(struct archive* archive, ArchiveFormat format) {
  switch (format) {
    case ArchiveFormat::zip: return archive_read_support_format_zip_streamable(archive);
    case ArchiveFormat::cab: return archive_read_support_format_cab(archive);
    case ArchiveFormat::tar: break;
  }
  return archive_read_support_format_tar(archive);
}

}  // namespace

ArchiveReader::ArchiveReader(ByteSource& source, ArchiveFormat format, std::uint64_t header_bytes_max)
    : source_(new Source{source, header_bytes_max, false, 0, 0, {}, {}, {}, {}}), archive_(archive_read_new()), format_(format) {
  if (!archive_) throw std::bad_alloc();
  if (support(archive_.get(), format) != ARCHIVE_OK) throw std::bad_alloc();
}

ArchiveReader::~ArchiveReader() = default;

std::string ArchiveReader::reason() const {
  const char* text = archive_error_string(archive_.get());
  return text ? printable(text) : "no reason given";
}

std::string_view ArchiveReader::format_name() const {
  switch (format_) {
    case ArchiveFormat::zip: return "zip";
    case ArchiveFormat::cab: return "cab";
    case ArchiveFormat::tar: break;
  }
  return "tar";
}

void ArchiveReader::fail(std::string message) {
  failed_ = true;
  error_ = source_->failed ? *source_->failed : Error(ErrorCode::malformed, std::move(message));
}

void ArchiveReader::fail_damaged() { fail(std::string(format_name()) + " archive is damaged: " + reason()); }

ArchiveReader::Step ArchiveReader::next() {
  if (failed_) return Step::failed;
  const NameCharsetScope names(charset_for(format_));
  if (!std::exchange(opened_, true) && archive_read_open(archive_.get(), source_.get(), nullptr, Source::read, nullptr) != ARCHIVE_OK) {
    fail("not a " + std::string(format_name()) + " archive");
    return Step::failed;
  }
  if (ends_unpadded_) return Step::end;
  // Separate from reading the next header, so the content does not count as header.
  if (std::exchange(in_entry_, false) && archive_read_data_skip(archive_.get()) == ARCHIVE_FATAL) {
    if (lacks_only_padding()) return Step::end;
    fail_damaged();
    return Step::failed;
  }
  warning_.reset();
  struct archive_entry* header = nullptr;
  source_->in_header = has_separate_headers();
  source_->header_bytes = 0;
  const auto before = archive_filter_bytes(archive_.get(), 0);
  const int code = archive_read_next_header(archive_.get(), &header);
  source_->in_header = false;
  if (!pay_for_header(static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), 0) - before))) return Step::failed;
  switch (code) {
    case ARCHIVE_OK:
    case ARCHIVE_WARN:
      in_entry_ = true;
      content_read_ = 0;
      fill_entry(header);
      if (!pay_for_work()) return Step::failed;
      if (code == ARCHIVE_WARN && worth_telling(reason())) entry_.warning = reason();
      return Step::entry;
    case ARCHIVE_EOF: return Step::end;
    case ARCHIVE_RETRY:
    case ARCHIVE_FAILED: return pass_over();
    default: fail_damaged(); return Step::failed;
  }
}

/// libarchive keeps room for the longest texts that it has seen, as bytes and as wide characters.
bool ArchiveReader::pay_for_header(std::uint64_t bytes) {
  constexpr std::uint64_t kFactor = 8;
  // Such a header is part of kOpenArchiveBytes.
  constexpr std::uint64_t kUsualBytes = 64 * limits::KiB;
  if (!has_separate_headers() || bytes <= std::max(header_paid_, kUsualBytes)) return true;
  if (!memory_.borrow(kFactor * (bytes - header_paid_))) {
    failed_ = true;
    error_ = no_memory_for("not read to its end, because of a header of " + human_bytes(bytes));
    return false;
  }
  header_paid_ = bytes;
  return true;
}

/// What bzip2 needs in libarchive, which keeps it from entry to entry.
bool ArchiveReader::pay_for_bzip2() {
  constexpr std::uint64_t kBzip2Bytes = 4 * limits::MiB;
  bzip2_paid_ = bzip2_paid_ || memory_.borrow(kBzip2Bytes);
  return bzip2_paid_;
}

/// libarchive says that it can continue after the damage; trusted as long as it advances.
ArchiveReader::Step ArchiveReader::pass_over() {
  const auto taken = archive_filter_bytes(archive_.get(), 0);
  fail_damaged();
  failed_ = source_->failed || std::exchange(damaged_at_, taken) == taken;
  return failed_ ? Step::failed : Step::damaged;
}

std::optional<EntryMetadata> ArchiveReader::metadata() const {
  if (format_ == ArchiveFormat::zip || header_ == nullptr) return std::nullopt;
  EntryMetadata out;
  out.mode = archive_entry_perm(header_);
  out.uid = archive_entry_uid(header_);
  out.gid = archive_entry_gid(header_);
  std::uint64_t bytes = 0;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (archive_entry_xattr_reset(header_); archive_entry_xattr_next(header_, &name, &value, &size) == ARCHIVE_OK;) {
    bytes += std::strlen(name) + size;
    out.attributes_cut = bytes > limits::extended_attribute_bytes_max || out.attributes.size() >= limits::extended_attributes_max;
    if (out.attributes_cut) break;
    const auto* first = static_cast<const std::uint8_t*>(value);
    out.attributes.push_back({printable(name), Bytes(first, first + size)});
  }
  // libarchive gives the last of equal names first, which is the one that counts.
  std::ranges::stable_sort(out.attributes, {}, &ExtendedAttribute::name);
  const auto duplicates = std::ranges::unique(out.attributes, {}, &ExtendedAttribute::name);
  out.attributes.erase(duplicates.begin(), duplicates.end());
  return out;
}

std::string ArchiveReader::symbolic_link() const {
  if (header_ == nullptr || entry_.type != ArchiveEntry::Type::symbolic_link) return {};
  const NameCharsetScope names(charset_for(format_));
  if (const char* raw = archive_entry_symlink(header_)) return raw;
  return either_text(archive_entry_symlink_utf8(header_), archive_entry_symlink_w(header_));
}

/// A usual header brings what it costs, so it is read even if others have spent all.
bool ArchiveReader::pay_for_work() {
  const std::uint64_t usual = format_ == ArchiveFormat::tar ? 12'500 : 1'500;
  const std::uint64_t units = header_work();
  if (charge_work(units) || units <= usual) return true;
  failed_ = true;
  error_ = no_work_for("not read to its end");
  return false;
}

/// What libarchive did for a header beside copying it. It converts each text, and where the charset has no such character it begins again
/// with what is left of a buffer; it compares each entry of an access control list with all others; and each file has a new decoder of
/// bzip2.
std::uint64_t ArchiveReader::header_work() const {
  static constexpr std::uint64_t kUnits = 1'000, kConvertedAtOnce = 8 * limits::KiB, kListEntryUnits = 3, kBzip2Units = 12'000;
  std::uint64_t units = kUnits + (bzip2_ ? kBzip2Units : 0);
  if (format_ != ArchiveFormat::tar) return units;
  const auto text_work = [](std::string_view text) -> std::uint64_t {
    const auto odd = static_cast<std::uint64_t>(std::ranges::count_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
    return text.size() + odd * std::min<std::uint64_t>(text.size(), kConvertedAtOnce) / 2;
  };
  units += text_work(entry_.name) + text_work(entry_.link_target);
  for (const char* text : {archive_entry_symlink(header_), archive_entry_uname(header_), archive_entry_gname(header_)}) {
    if (text != nullptr) units += text_work(text);
  }
  const auto listed = static_cast<std::uint64_t>(
      archive_entry_acl_count(header_, ARCHIVE_ENTRY_ACL_TYPE_ACCESS | ARCHIVE_ENTRY_ACL_TYPE_DEFAULT | ARCHIVE_ENTRY_ACL_TYPE_NFS4));
  return units + kListEntryUnits * listed * listed;
}

/// The name as it stands in the local header that ends where libarchive is now: it gives no name at all if the bytes are not in the
/// charset that the header says.
std::string ArchiveReader::zip_name() const {
  constexpr std::size_t kHeaderBytes = 30;
  const ByteView left = rest();
  const ByteView here = source_->chunk.first(source_->chunk.size() - left.size());
  Bytes joined = source_->before;
  const ByteView end = here.last(std::min<std::size_t>(here.size(), 2 * limits::path_bytes_max));
  joined.insert(joined.end(), end.begin(), end.end());
  const std::string_view text = as_text(joined);
  for (std::size_t at = text.rfind("PK\x03\x04"); at != std::string_view::npos; at = at == 0 ? at - 1 : text.rfind("PK\x03\x04", at - 1)) {
    if (text.size() - at < kHeaderBytes) continue;
    const std::size_t name = joined[at + 26] + (std::size_t{joined[at + 27]} << 8U);
    const std::size_t extra = joined[at + 28] + (std::size_t{joined[at + 29]} << 8U);
    if (at + kHeaderBytes + name + extra == text.size()) return std::string(text.substr(at + kHeaderBytes, name));
  }
  return {};
}

void ArchiveReader::fill_entry(struct archive_entry* header) {
  header_ = header;
  entry_.name = name_of(header);
  if (format_ == ArchiveFormat::zip && entry_.name.empty()) entry_.name = zip_name();
  entry_.link_target = hard_link_of(header);
  entry_.type = type_of(header);
  if (!entry_.link_target.empty()) entry_.type = ArchiveEntry::Type::hard_link;
  entry_.size_known = archive_entry_size_is_set(header) != 0;
  const auto size = entry_.size_known ? archive_entry_size(header) : 0;
  entry_.size_bytes = size > 0 ? static_cast<std::uint64_t>(size) : 0;
  entry_.sparse = archive_entry_sparse_count(header) > 0;
  entry_.exact_size = has_separate_headers() && !entry_.sparse;
  entry_.unsupported.clear();
  entry_.warning.clear();
  bzip2_ = false;
  if (format_ == ArchiveFormat::zip && entry_.type == ArchiveEntry::Type::file) {
    entry_.unsupported = unsupported_zip_content(archive_.get(), header);
    const char* method = archive_format_name(archive_.get());
    bzip2_ = method != nullptr && std::string_view(method).ends_with("(bzip)");
    if (bzip2_ && !pay_for_bzip2()) entry_.unsupported = no_memory_for("it is compressed with bzip2").message();
  }
}

/// Some write no zeros behind the last file's content (umoci insert): nothing is missing then.
bool ArchiveReader::lacks_only_padding() const {
  return format_ == ArchiveFormat::tar && !source_->failed && entry_.exact_size && content_read_ > 0 && content_read_ == entry_.size_bytes;
}

Result<ArchiveReader::Block> ArchiveReader::read() {
  if (failed_) return error_;
  const void* data = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  while (true) {
    const int code = archive_read_data_block(archive_.get(), &data, &size, &offset);
    if (code == ARCHIVE_WARN) warning_ = Error(ErrorCode::malformed, "content is damaged: " + reason());
    if (code == ARCHIVE_EOF) return Block{static_cast<std::uint64_t>(offset), {}};
    if (code == ARCHIVE_FATAL && lacks_only_padding()) {
      ends_unpadded_ = true;
      return Block{content_read_, {}};
    }
    if (code == ARCHIVE_FATAL) {
      fail_damaged();
      return error_;
    }
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return Error(ErrorCode::malformed, "content cannot be read: " + reason());
    // In a zip, content without a known length ends a block at whatever looks like its end: a few bytes each, if one wants.
    constexpr std::uint64_t kBlockUnits = 1'000;
    if (format_ == ArchiveFormat::zip && !charge_work(kBlockUnits)) {
      failed_ = true;
      return error_ = no_work_for("not read to its end");
    }
    if (size == 0) continue;
    content_read_ = static_cast<std::uint64_t>(offset) + size;
    return Block{static_cast<std::uint64_t>(offset), ByteView(static_cast<const std::uint8_t*>(data), size)};
  }
}

ByteView ArchiveReader::rest() const {
  const auto taken = static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), 0));
  const std::uint64_t left = source_->delivered - std::min(source_->delivered, taken);
  return source_->chunk.last(std::min<std::uint64_t>(left, source_->chunk.size()));
}

}  // namespace landwaiter::detectors
