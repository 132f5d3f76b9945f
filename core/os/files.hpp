// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/secret.hpp"
#include "core/os/file_descriptor.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// Files where the standard library is not enough: who may read them, what a kill leaves, what a link leads to. Errors are io unless
/// something else is said, and name the file.
namespace landwaiter {

/// Makes the folder, readable by its owner alone, when it is not there, and those above it by the umask. One that is there keeps its mode,
/// and is refused when it belongs to neither this user nor root, or others may write to it: what is kept there is trusted.
Result<void> make_private_directory(const std::filesystem::path& directory);

/// Writes a file that only its owner can read: to a temporary file beside it, synced and renamed, so that a kill leaves the old file
/// or the new one. Makes its folder.
Result<void> write_private_file(const std::filesystem::path& file, std::string_view content);

/// The same for a file that must not be replaced. False when there is one: it stays as it is. Of two that do this at once, one makes
/// the file and the other sees it whole.
Result<bool> create_private_file(const std::filesystem::path& file, std::string_view content);

/// Sees to it that there is such a file, if need be an empty one, and that only its owner can read it. One that another user owns or that
/// others may write to is refused, as a folder is. One that is there is not opened:
/// to close any descriptor of a file drops all locks that this process holds on it.
Result<void> secure_private_file(const std::filesystem::path& file);

/// Whether the folder can hold some megabytes more: space for them is taken, and given back. Small writes may succeed for a while where
/// nothing else does. Errors: io.
Result<void> try_space(const std::filesystem::path& directory);

/// The whole content of a file that this program wrote itself.
Result<std::string> read_small_file(const std::filesystem::path& file);

/// The same for a secret: refused when anybody but its owner may read or write the file, or when it belongs to another user than this one
/// or root. limit_exceeded when it is larger, not_found when there is none.
Result<Secret> read_private_file(const std::filesystem::path& file, std::size_t bytes_max);

/// A file that is open for reading.
class OpenFile {
 public:
  explicit OpenFile(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  /// Bytes that were read; 0 at the end. The error says the reason alone.
  Result<std::size_t> read(std::span<std::uint8_t> buffer);

 private:
  FileDescriptor descriptor_;
};

/// A folder whose files come from elsewhere: nothing in it must make us read a file outside, or wait.
class ForeignFolder {
 public:
  /// Errors (the reason alone): not_found, io.
  static Result<ForeignFolder> open(const std::string& path);
  /// `name` may lead through folders ("blobs/sha256/ab"), but through no symbolic link, and to a regular file only. Errors (the reason
  /// alone): not_found, io.
  Result<OpenFile> open_file(std::string_view name) const;

 private:
  explicit ForeignFolder(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  FileDescriptor descriptor_;
};

/// A regular file in memory, read by the system as it is used.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ByteView bytes() const { return bytes_; }

 private:
  explicit MappedFile(ByteView bytes) : bytes_(bytes) {}
  ByteView bytes_;
};

}  // namespace landwaiter
