// SPDX-License-Identifier: Apache-2.0
#include "core/os/files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace landwaiter {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
/// A large report of a layer, twice: in a database and in its log.
constexpr off_t kSpaceBytes = 4 * 1024 * 1024;

Error file_error(const std::filesystem::path& file, const char* what) {
  return {ErrorCode::io, file.string() + ": cannot be " + what + ": " + std::strerror(errno)};
}

/// The reason alone.
Error errno_error() { return {errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, std::strerror(errno)}; }

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Nobody but this user and root, who may do everything anyway, has had a say in what is there. A sticky bit does not help: it stops others
/// from removing, not from adding.
Result<void> check_trusted(const std::filesystem::path& path, const struct stat& status) {
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return Error(ErrorCode::io, path.string() + ": belongs to another user (id " + std::to_string(status.st_uid) +
                                    "), who could change what is kept there; run this as that user, or give a folder of your own");
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return Error(ErrorCode::io, path.string() +
                                  ": others than its owner may write to it, and so change what is kept there; if you trust "
                                  "its content, chmod go-w, otherwise give a folder of your own");
}

/// On the disk when it returns.
Result<void> write_fresh(const std::filesystem::path& file, int how, std::string_view content) {
  const FileDescriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | how, kOwnerOnly));
  if (!out.valid() || !write_all(out.number(), content) || ::fsync(out.number()) != 0) return file_error(file, "written");
  return {};
}

}  // namespace

Result<void> make_private_directory(const std::filesystem::path& directory) {
  if (directory.empty()) return {};
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    if (errno != ENOENT) return file_error(directory, "used");
    std::error_code failed;
    if (directory.has_parent_path()) std::filesystem::create_directories(directory.parent_path(), failed);
    if (failed) return Error(ErrorCode::io, directory.string() + ": cannot be made: " + failed.message());
    // Another program may make it in the meantime.
    if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) return file_error(directory, "made");
    if (::stat(directory.c_str(), &status) != 0) return file_error(directory, "used");
  }
  if (!S_ISDIR(status.st_mode)) {
    errno = ENOTDIR;
    return file_error(directory, "used");
  }
  return check_trusted(directory, status);
}

Result<void> write_private_file(const std::filesystem::path& file, std::string_view content) {
  auto made = make_private_directory(file.parent_path());
  if (!made) return made.error();
  const std::filesystem::path fresh = file.string() + ".new";
  auto written = write_fresh(fresh, O_TRUNC, content);
  if (!written) return written.error();
  if (::rename(fresh.c_str(), file.c_str()) != 0) return file_error(file, "written");
  return {};
}

Result<bool> create_private_file(const std::filesystem::path& file, std::string_view content) {
  const std::filesystem::path fresh = file.string() + ".new." + std::to_string(::getpid());
  auto written = write_fresh(fresh, O_EXCL, content);
  if (!written) {
    ::unlink(fresh.c_str());
    return written.error();
  }
  // A link is made whole, and not over what is there.
  const bool linked = ::link(fresh.c_str(), file.c_str()) == 0;
  const int reason = errno;
  ::unlink(fresh.c_str());
  errno = reason;
  if (!linked && reason != EEXIST) return file_error(file, "made");
  return linked;
}

Result<void> secure_private_file(const std::filesystem::path& file) {
  const FileDescriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (made.valid()) return {};
  struct stat status {};
  if (errno != EEXIST || ::lstat(file.c_str(), &status) != 0) return file_error(file, "made");
  if (!S_ISREG(status.st_mode)) return Error(ErrorCode::io, file.string() + ": is not a regular file");
  auto trusted = check_trusted(file, status);
  if (!trusted) return trusted.error();
  if ((status.st_mode & 07777U) == kOwnerOnly || ::chmod(file.c_str(), kOwnerOnly) == 0) return {};
  return file_error(file, "made its owner's alone");
}

Result<void> try_space(const std::filesystem::path& directory) {
  std::string name = (directory / "probe-XXXXXX").string();
  const FileDescriptor probe(::mkostemp(name.data(), O_CLOEXEC));
  if (!probe.valid()) return file_error(directory, "written to");
  ::unlink(name.c_str());
  // It returns its error.
  errno = ::posix_fallocate(probe.number(), 0, kSpaceBytes);
  return errno == 0 ? Result<void>() : file_error(directory, "written to");
}

Result<std::string> read_small_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error(ErrorCode::io, file.string() + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Result<Secret> read_private_file(const std::filesystem::path& file, std::size_t bytes_max) {
  FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!descriptor.valid() && errno == ENOENT) return Error(ErrorCode::not_found, file.string() + ": is not there");
  if (!descriptor.valid() || ::fstat(descriptor.number(), &status) != 0) return file_error(file, "read");
  if ((status.st_mode & kOthers) != 0) {
    return Error(ErrorCode::io, file.string() + ": others than its owner may read or write it; chmod 0600");
  }
  auto trusted = check_trusted(file, status);
  if (!trusted) return trusted.error();
  OpenFile in(std::move(descriptor));
  // With room for a byte more, so that it does not grow and leave copies.
  std::string content(bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    auto read = in.read({reinterpret_cast<std::uint8_t*>(content.data()) + size, content.size() - size});
    if (!read) return Error(ErrorCode::io, file.string() + ": cannot be read: " + read.error().message());
    if (*read == 0) break;
    size += *read;
  }
  content.resize(size);
  Secret secret(content);
  wipe(content);
  if (size > bytes_max) return Error(ErrorCode::limit_exceeded, file.string() + ": has more than " + std::to_string(bytes_max) + " bytes");
  return secret;
}

Result<std::size_t> OpenFile::read(std::span<std::uint8_t> buffer) {
  while (true) {
    const ssize_t size = ::read(descriptor_.number(), buffer.data(), buffer.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) return Error(ErrorCode::io, std::strerror(errno));
  }
}

Result<ForeignFolder> ForeignFolder::open(const std::string& path) {
  FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return errno_error();
  return ForeignFolder(std::move(folder));
}

Result<OpenFile> ForeignFolder::open_file(std::string_view name) const {
  FileDescriptor folder(::dup(descriptor_.number()));
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/')) {
    const std::string step(name.substr(0, slash));
    folder = FileDescriptor(::openat(folder.number(), step.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder.valid()) return errno_error();
    name.remove_prefix(slash + 1);
  }
  // Non-blocking, so that a FIFO in place of a file cannot hang us.
  FileDescriptor file(::openat(folder.number(), std::string(name).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file.valid() || ::fstat(file.number(), &status) != 0) return errno_error();
  if (!S_ISREG(status.st_mode)) return Error(ErrorCode::io, "it is not a regular file");
  return OpenFile(std::move(file));
}

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& file) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!in.valid() || ::fstat(in.number(), &facts) != 0) return file_error(file, "opened");
  if (!S_ISREG(facts.st_mode)) return Error(ErrorCode::io, file.string() + ": is not a file");
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* at = size > 0 ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, in.number(), 0) : nullptr;
  if (at == MAP_FAILED) return file_error(file, "mapped");
  const ByteView bytes(static_cast<const std::uint8_t*>(at), size);
  return std::shared_ptr<const MappedFile>(new MappedFile(bytes));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

}  // namespace landwaiter
