// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/tar_file.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

namespace landwaiter::registry {
namespace {

constexpr std::size_t kReadBytes = 256 * limits::KiB;
constexpr int kLinksFollowedMax = 16;

/// libarchive over a file, from its begin.
class Reader {
 public:
  explicit Reader(std::shared_ptr<const SeekableFile> file) : file_(std::move(file)), buffer_(kReadBytes), archive_(archive_read_new()) {
    archive_read_support_format_tar(archive_.get());
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_filter_zstd(archive_.get());
    archive_read_support_filter_bzip2(archive_.get());
    archive_read_support_filter_xz(archive_.get());
    archive_read_set_callback_data(archive_.get(), this);
    archive_read_set_read_callback(archive_.get(), read);
    archive_read_set_skip_callback(archive_.get(), skip);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  archive* get() { return archive_.get(); }
  bool begin() { return archive_read_open1(archive_.get()) == ARCHIVE_OK; }

 private:
  struct Free {
    void operator()(archive* a) const { archive_read_free(a); }
  };

  static la_ssize_t read(archive* reader, void* self, const void** bytes) {
    auto& here = *static_cast<Reader*>(self);
    auto size = here.file_->read_at(here.offset_, here.buffer_);
    if (!size) {
      archive_set_error(reader, EIO, "%s", size.error().message().c_str());
      return ARCHIVE_FATAL;
    }
    here.offset_ += *size;
    *bytes = here.buffer_.data();
    return static_cast<la_ssize_t>(*size);
  }

  /// Less than asked for at the end: libarchive then reads, and finds it.
  static la_int64_t skip(archive*, void* self, la_int64_t request) {
    auto& here = *static_cast<Reader*>(self);
    const std::uint64_t left = here.file_->size_bytes() - std::min(here.offset_, here.file_->size_bytes());
    const std::uint64_t size = std::min(left, static_cast<std::uint64_t>(std::max<la_int64_t>(0, request)));
    here.offset_ += size;
    return static_cast<la_int64_t>(size);
  }

  std::shared_ptr<const SeekableFile> file_;
  std::uint64_t offset_ = 0;
  std::vector<std::uint8_t> buffer_;
  std::unique_ptr<archive, Free> archive_;
};

Error failure(const std::string& name, archive* reader) {
  const char* why = archive_error_string(reader);
  return Error(ErrorCode::malformed,
               "cannot read the archive " + landwaiter::quoted(name) + ": " + printable(why ? why : "unknown reason"));
}

/// A normal form without "./", "//" and ".."; empty if the name points outside the archive.
std::string normal(std::string_view name) {
  const std::filesystem::path path = std::filesystem::path(name).lexically_normal().relative_path();
  std::string out = path.generic_string();
  if (out == "." || out == ".." || out.starts_with("../")) return {};
  if (out.ends_with('/')) out.pop_back();
  return out;
}

Result<std::unique_ptr<Reader>> open_reader(const std::shared_ptr<const SeekableFile>& file, const std::string& name) {
  auto reader = std::make_unique<Reader>(file);
  if (!reader->begin()) return failure(name, reader->get());
  return reader;
}

/// Nothing at the end.
Result<archive_entry*> next_entry(const std::string& name, archive* reader) {
  archive_entry* entry = nullptr;
  const int code = archive_read_next_header(reader, &entry);
  if (code == ARCHIVE_EOF) return static_cast<archive_entry*>(nullptr);
  if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return failure(name, reader);
  return entry;
}

class TarMember final : public MemberReader {
 public:
  TarMember(std::string name, std::unique_ptr<Reader> reader) : name_(std::move(name)), reader_(std::move(reader)) {}

  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override { co_return read_now(buffer); }

  Result<std::size_t> read_now(std::span<std::uint8_t> buffer) override {
    const la_ssize_t size = archive_read_data(reader_->get(), buffer.data(), buffer.size());
    if (size < 0) return failure(name_, reader_->get());
    return static_cast<std::size_t>(size);
  }

 private:
  std::string name_;
  std::unique_ptr<Reader> reader_;
};

std::string parent_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash + 1);
}

}  // namespace

Result<TarFile> TarFile::open(std::string path) {
  auto file = SeekableFile::open(path);
  if (!file) return file.error();
  return open(*std::move(file), std::move(path));
}

Result<TarFile> TarFile::open(std::shared_ptr<const SeekableFile> file, std::string name) {
  if (file->size_bytes() == 0) return Error(ErrorCode::malformed, "the archive " + landwaiter::quoted(name) + " is empty");
  auto reader = open_reader(file, name);
  if (!reader) return reader.error();
  TarFile out;
  out.file_ = std::move(file);
  out.name_ = std::move(name);
  for (std::size_t index = 0;; ++index) {
    auto entry = next_entry(out.name_, (*reader)->get());
    if (!entry) return entry.error();
    if (*entry == nullptr) break;
    if (index >= limits::archive_members_max) {
      return Error(ErrorCode::limit_exceeded, "the archive " + landwaiter::quoted(out.name_) + " has too many members");
    }
    const char* raw = archive_entry_pathname(*entry);
    const std::string member_name = normal(raw ? raw : "");
    const char* hardlink = archive_entry_hardlink(*entry);
    const char* symlink = archive_entry_symlink(*entry);
    Member member;
    member.index = index;
    member.size_bytes = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(*entry)));
    if (hardlink) member.target = normal(hardlink);
    else if (symlink) member.target = normal(parent_of(member_name) + symlink);
    const bool usable = hardlink || symlink ? !member.target.empty() : archive_entry_filetype(*entry) == AE_IFREG;
    if (usable && !member_name.empty()) out.members_[member_name] = std::move(member);
  }
  return out;
}

Result<const TarFile::Member*> TarFile::find(const std::string& name) const {
  std::string at = normal(name);
  for (int i = 0; i <= kLinksFollowedMax; ++i) {
    const auto found = members_.find(at);
    if (found == members_.end()) {
      return Error(ErrorCode::not_found, "the archive " + landwaiter::quoted(name_) + " has no member " + landwaiter::quoted(name));
    }
    if (found->second.target.empty()) return &found->second;
    at = found->second.target;
  }
  return Error(ErrorCode::malformed, "links in the archive " + landwaiter::quoted(name_) + " form a loop: " + landwaiter::quoted(name));
}

Result<std::uint64_t> TarFile::size(const std::string& name) const {
  auto member = find(name);
  if (!member) return member.error();
  return (*member)->size_bytes;
}

Result<std::string> TarFile::read(const std::string& name, std::uint64_t bytes_max) const {
  auto member = find(name);
  if (!member) return member.error();
  if ((*member)->size_bytes > bytes_max) {
    return Error(ErrorCode::limit_exceeded,
                 landwaiter::quoted(name) + " in " + landwaiter::quoted(name_) + " has more than " + human_bytes(bytes_max));
  }
  auto reader = open_at((*member)->index);
  if (!reader) return reader.error();
  std::string out(static_cast<std::size_t>((*member)->size_bytes), '\0');
  std::size_t filled = 0;
  while (filled < out.size()) {
    auto size = (*reader)->read_now({reinterpret_cast<std::uint8_t*>(out.data()) + filled, out.size() - filled});
    if (!size) return size.error();
    if (*size == 0) return Error(ErrorCode::malformed, landwaiter::quoted(name) + " in " + landwaiter::quoted(name_) + " is cut off");
    filled += *size;
  }
  return out;
}

Result<std::unique_ptr<MemberReader>> TarFile::open_member(const std::string& name) const {
  auto member = find(name);
  if (!member) return member.error();
  return open_at((*member)->index);
}

Result<std::unique_ptr<MemberReader>> TarFile::open_at(std::size_t index) const {
  auto reader = open_reader(file_, name_);
  if (!reader) return reader.error();
  for (std::size_t i = 0;; ++i) {
    auto entry = next_entry(name_, (*reader)->get());
    if (!entry) return entry.error();
    if (*entry == nullptr) return Error(ErrorCode::io, "the archive " + landwaiter::quoted(name_) + " changed while it was read");
    if (i == index) return std::unique_ptr<MemberReader>(std::make_unique<TarMember>(name_, *std::move(reader)));
  }
}

}  // namespace landwaiter::registry
