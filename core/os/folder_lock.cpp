// SPDX-License-Identifier: Apache-2.0
#include "core/os/folder_lock.hpp"

#include "core/base/text.hpp"
#include "core/os/files.hpp"
#include "core/os/host.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace landwaiter {
namespace {

Error lock_error(const std::filesystem::path& file, const char* what) {
  return {ErrorCode::io, file.string() + ": cannot be " + what + ": " + std::strerror(errno)};
}

std::string holder(int file) {
  std::array<char, 512> text{};
  const ssize_t size = ::pread(file, text.data(), text.size(), 0);
  return size > 0 ? printable(trim(std::string_view(text.data(), static_cast<std::size_t>(size)))) : "another process";
}

/// Whether the file still has its name: a lock on one that was removed would stop nobody.
bool is_there(int file, const std::filesystem::path& name) {
  struct stat held {
  }, named{};
  return ::fstat(file, &held) == 0 && ::stat(name.c_str(), &named) == 0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

Result<void> sign(int file, const std::filesystem::path& name, SystemTime now) {
  const std::string text = "process " + std::to_string(::getpid()) + " on " + host_name() + " since " + to_rfc3339(now) + "\n";
  const bool signed_there = ::ftruncate(file, 0) == 0 && ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  return signed_there ? Result<void>() : lock_error(name, "written");
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::filesystem::path& directory, SystemTime now) {
  auto made = make_private_directory(directory);
  if (!made) return made.error();
  const std::filesystem::path name = directory / "lock";
  while (true) {
    FileDescriptor file(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    if (!file.valid()) return lock_error(name, "opened");
    if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return lock_error(name, "locked");
      return Error(ErrorCode::conflict,
                   directory.string() + ": is in use by " + holder(file.number()) + "; end that one, or give this one a folder of its own");
    }
    if (!is_there(file.number(), name)) continue;
    auto told = sign(file.number(), name, now);
    if (!told) return told.error();
    return FolderLock(std::move(file));
  }
}

}  // namespace landwaiter
