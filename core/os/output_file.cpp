// SPDX-License-Identifier: Apache-2.0
#include "core/os/output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace landwaiter {
namespace {

constexpr std::size_t kPendingMax = 64 * 1024;
constexpr mode_t kByUmask = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;

Error cannot_be_written(const std::string& name) { return {ErrorCode::io, name + ": cannot be written: " + std::strerror(errno)}; }

/// By which the system names an open file.
std::string link_of(const FileDescriptor& file) { return "/proc/self/fd/" + std::to_string(file.number()); }

/// Where a link leads; the name itself if there is nothing yet.
std::filesystem::path target_of(const std::string& name) {
  std::error_code failed;
  auto target = std::filesystem::canonical(name, failed);
  return failed ? std::filesystem::path(name) : target;
}

}  // namespace

OutputFile::OutputFile(FileDescriptor descriptor, std::string name, std::filesystem::path temporary, std::filesystem::path target)
    : descriptor_(std::move(descriptor)), name_(std::move(name)), temporary_(std::move(temporary)), target_(std::move(target)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, {})),
      nameless_(other.nameless_),
      target_(std::move(other.target_)),
      pending_(std::move(other.pending_)),
      failure_(std::move(other.failure_)) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty() && !nameless_) ::unlink(temporary_.c_str());
}

Result<OutputFile> OutputFile::open(const std::string& name) {
  if (name.empty()) {
    FileDescriptor standard(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!standard.valid()) return cannot_be_written("standard output");
    return OutputFile(std::move(standard), "standard output", {}, {});
  }
  const std::filesystem::path target = target_of(name);
  struct stat what {};
  const bool exists = ::stat(target.c_str(), &what) == 0;
  if (exists && !S_ISREG(what.st_mode)) {
    FileDescriptor device(::open(target.c_str(), O_WRONLY | O_CLOEXEC));
    if (!device.valid()) return cannot_be_written(name);
    return OutputFile(std::move(device), name, {}, {});
  }
  // A file that we may not write must stay, even if we may write its folder.
  if (exists && ::access(target.c_str(), W_OK) != 0) return cannot_be_written(name);
  const std::filesystem::path temporary = target.string() + ".part-" + std::to_string(::getpid());
  const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
  // Without a name until it is whole, so that nothing is left of it wherever a signal ends the process.
  FileDescriptor nameless(::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, exists ? what.st_mode : kByUmask));
  if (nameless.valid() && ::access(link_of(nameless).c_str(), F_OK) == 0) {
    OutputFile file(std::move(nameless), name, temporary, target);
    file.nameless_ = true;
    return file;
  }
  FileDescriptor out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, exists ? what.st_mode : kByUmask));
  if (!out.valid()) return cannot_be_written(name);
  return OutputFile(std::move(out), name, temporary, target);
}

Error OutputFile::fail(const char* what) {
  failure_ = Error(ErrorCode::io, name_ + ": cannot be " + what + ": " + std::strerror(errno));
  return *failure_;
}

Result<void> OutputFile::write(std::string_view text) {
  if (failure_) return *failure_;
  pending_ += text;
  return pending_.size() < kPendingMax ? Result<void>() : flush();
}

Result<void> OutputFile::flush() {
  if (failure_) return *failure_;
  std::string_view left = pending_;
  while (!left.empty()) {
    const ssize_t written = ::write(descriptor_.number(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail("written");
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  pending_.clear();
  return {};
}

Result<void> OutputFile::finish() {
  auto flushed = flush();
  if (!flushed || temporary_.empty()) return flushed;
  // A network file system may only now say that the disk is full.
  if (::fsync(descriptor_.number()) != 0) return fail("written");
  if (nameless_) {
    if (::linkat(AT_FDCWD, link_of(descriptor_).c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0) return fail("written");
    nameless_ = false;
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) return fail("replaced");
  temporary_.clear();
  return {};
}

}  // namespace landwaiter
