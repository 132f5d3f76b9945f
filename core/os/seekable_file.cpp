// SPDX-License-Identifier: Apache-2.0
#include "core/os/seekable_file.hpp"

#include "core/base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace landwaiter {
namespace {

constexpr std::size_t kCopyBytes = 256 * 1024;
constexpr const char* kStandardInput = "-";

std::string shown(const std::string& name) { return name == kStandardInput ? "standard input" : landwaiter::quoted(name); }

Error reason(ErrorCode code, const std::string& name) { return {code, "cannot open " + shown(name) + ": " + std::strerror(errno)}; }

std::string temporary_folder() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";
}

/// In a folder that cannot have files without a name it loses its name at once.
FileDescriptor nameless_file(const std::string& folder) {
  FileDescriptor file(::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.valid() || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  std::string name = folder + "/landwaiter-XXXXXX";
  FileDescriptor named(::mkostemp(name.data(), O_CLOEXEC));
  if (named.valid()) ::unlink(name.c_str());
  return named;
}

bool write_bytes(int to, const std::uint8_t* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(to, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

SeekableFile::Next reader_of(const FileDescriptor& stream) {
  return [number = stream.number()](std::span<std::uint8_t> buffer) -> Result<std::size_t> {
    while (true) {
      const ssize_t size = ::read(number, buffer.data(), buffer.size());
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno != EINTR) return Error(ErrorCode::io, std::strerror(errno));
    }
  };
}

bool is_pipe(mode_t mode) { return S_ISFIFO(mode) || S_ISSOCK(mode); }

}  // namespace

bool SeekableFile::is_stream(const std::string& name) {
  struct stat facts {};
  const int known = name == kStandardInput ? ::fstat(STDIN_FILENO, &facts) : ::stat(name.c_str(), &facts);
  return known == 0 && is_pipe(facts.st_mode);
}

Result<std::shared_ptr<const SeekableFile>> SeekableFile::open(const std::string& name) {
  FileDescriptor file(name == kStandardInput ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!file.valid() || ::fstat(file.number(), &facts) != 0) return reason(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, name);
  if (S_ISREG(facts.st_mode)) {
    return std::shared_ptr<const SeekableFile>(new SeekableFile(std::move(file), static_cast<std::uint64_t>(facts.st_size)));
  }
  if (is_pipe(facts.st_mode)) return keep(reader_of(file), shown(name));
  if (S_ISDIR(facts.st_mode)) return Error(ErrorCode::io, shown(name) + " is a folder");
  if (::isatty(file.number()) != 0)
    return Error(ErrorCode::io, shown(name) + " is a terminal: send an archive to it, from a pipe or a file");
  return Error(ErrorCode::io, shown(name) + " is neither a file nor a pipe");
}

Result<std::shared_ptr<const SeekableFile>> SeekableFile::keep(const Next& next, const std::string& name) {
  const std::string folder = temporary_folder();
  FileDescriptor kept = nameless_file(folder);
  const auto cannot_keep = [&] {
    return Error(ErrorCode::io,
                 "what comes from " + name + " cannot be kept in " + folder + " (TMPDIR names another folder): " + std::strerror(errno));
  };
  if (!kept.valid()) return cannot_keep();
  std::vector<std::uint8_t> chunk(kCopyBytes);
  std::uint64_t total = 0;
  while (true) {
    auto size = next(chunk);
    if (!size) return Error(size.error().code(), "cannot read " + name + ": " + size.error().message());
    if (*size == 0) break;
    if (!write_bytes(kept.number(), chunk.data(), *size)) return cannot_keep();
    total += *size;
  }
  return std::shared_ptr<const SeekableFile>(new SeekableFile(std::move(kept), total));
}

Result<std::size_t> SeekableFile::read_at(std::uint64_t offset, std::span<std::uint8_t> buffer) const {
  while (true) {
    const ssize_t size = ::pread(file_.number(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) return Error(ErrorCode::io, std::strerror(errno));
  }
}

}  // namespace landwaiter
