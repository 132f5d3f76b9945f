// SPDX-License-Identifier: Apache-2.0
#include "registry/sources/tar_file.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <filesystem>

namespace landwaiter::registry {
namespace {

constexpr std::size_t kReadBytes = 256 * limits::KiB;
constexpr int kLinksFollowedMax = 16;

struct FreeArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

Error failure(const std::string& path, archive* reader) {
  const char* why = archive_error_string(reader);
  return Error(ErrorCode::malformed,
               "cannot read the archive " + landwaiter::quoted(path) + ": " + printable(why ? why : "unknown reason"));
}

/// A normal form without "./", "//" and ".."; empty if the name points outside the archive.
std::string normal(std::string_view name) {
  const std::filesystem::path path = std::filesystem::path(name).lexically_normal().relative_path();
  std::string out = path.generic_string();
  if (out == "." || out == ".." || out.starts_with("../")) return {};
  if (out.ends_with('/')) out.pop_back();
  return out;
}

Result<Reader> open_reader(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Error(ErrorCode::not_found, "no such file: " + landwaiter::quoted(path));
  if (!std::filesystem::is_regular_file(path, error)) return Error(ErrorCode::io, "not a regular file: " + landwaiter::quoted(path));
  Reader reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_xz(reader.get());
  if (archive_read_open_filename(reader.get(), path.c_str(), kReadBytes) != ARCHIVE_OK) return failure(path, reader.get());
  return reader;
}

/// Nothing at the end.
Result<archive_entry*> next_entry(const std::string& path, archive* reader) {
  archive_entry* entry = nullptr;
  const int code = archive_read_next_header(reader, &entry);
  if (code == ARCHIVE_EOF) return static_cast<archive_entry*>(nullptr);
  if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return failure(path, reader);
  return entry;
}

class MemberReader final : public BlobReader {
 public:
  MemberReader(std::string path, Reader reader) : path_(std::move(path)), reader_(std::move(reader)) {}

  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override { co_return read_now(buffer); }

  Result<std::size_t> read_now(std::span<std::uint8_t> buffer) {
    const la_ssize_t size = archive_read_data(reader_.get(), buffer.data(), buffer.size());
    if (size < 0) return failure(path_, reader_.get());
    return static_cast<std::size_t>(size);
  }

 private:
  std::string path_;
  Reader reader_;
};

Result<std::unique_ptr<MemberReader>> open_at(const std::string& path, std::size_t index) {
  auto reader = open_reader(path);
  if (!reader) return reader.error();
  for (std::size_t i = 0;; ++i) {
    auto entry = next_entry(path, reader->get());
    if (!entry) return entry.error();
    if (*entry == nullptr) return Error(ErrorCode::io, "the archive " + landwaiter::quoted(path) + " changed while it was read");
    if (i == index) return std::make_unique<MemberReader>(path, std::move(*reader));
  }
}

std::string parent_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash + 1);
}

}  // namespace

Result<TarFile> TarFile::open(std::string path) {
  auto reader = open_reader(path);
  if (!reader) return reader.error();
  TarFile out;
  out.path_ = std::move(path);
  for (std::size_t index = 0;; ++index) {
    auto entry = next_entry(out.path_, reader->get());
    if (!entry) return entry.error();
    if (*entry == nullptr) break;
    if (index >= limits::archive_members_max) {
      return Error(ErrorCode::limit_exceeded, "the archive " + landwaiter::quoted(out.path_) + " has too many members");
    }
    const char* raw = archive_entry_pathname(*entry);
    const std::string name = normal(raw ? raw : "");
    const char* hardlink = archive_entry_hardlink(*entry);
    const char* symlink = archive_entry_symlink(*entry);
    Member member;
    member.index = index;
    member.size_bytes = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(*entry)));
    if (hardlink) member.target = normal(hardlink);
    else if (symlink) member.target = normal(parent_of(name) + symlink);
    const bool usable = hardlink || symlink ? !member.target.empty() : archive_entry_filetype(*entry) == AE_IFREG;
    if (usable && !name.empty()) out.members_[name] = std::move(member);
  }
  return out;
}

Result<const TarFile::Member*> TarFile::find(const std::string& name) const {
  std::string at = normal(name);
  for (int i = 0; i <= kLinksFollowedMax; ++i) {
    const auto found = members_.find(at);
    if (found == members_.end()) {
      return Error(ErrorCode::not_found, "the archive " + landwaiter::quoted(path_) + " has no member " + landwaiter::quoted(name));
    }
    if (found->second.target.empty()) return &found->second;
    at = found->second.target;
  }
  return Error(ErrorCode::malformed, "links in the archive " + landwaiter::quoted(path_) + " form a loop: " + landwaiter::quoted(name));
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
                 landwaiter::quoted(name) + " in " + landwaiter::quoted(path_) + " has more than " + human_bytes(bytes_max));
  }
  auto reader = open_at(path_, (*member)->index);
  if (!reader) return reader.error();
  std::string out(static_cast<std::size_t>((*member)->size_bytes), '\0');
  std::size_t filled = 0;
  while (filled < out.size()) {
    auto size = (*reader)->read_now({reinterpret_cast<std::uint8_t*>(out.data()) + filled, out.size() - filled});
    if (!size) return size.error();
    if (*size == 0) return Error(ErrorCode::malformed, landwaiter::quoted(name) + " in " + landwaiter::quoted(path_) + " is cut off");
    filled += *size;
  }
  return out;
}

Result<std::unique_ptr<BlobReader>> TarFile::open_member(const std::string& name) const {
  auto member = find(name);
  if (!member) return member.error();
  auto reader = open_at(path_, (*member)->index);
  if (!reader) return reader.error();
  return std::unique_ptr<BlobReader>(std::move(*reader));
}

}  // namespace landwaiter::registry
