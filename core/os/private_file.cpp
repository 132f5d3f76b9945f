// SPDX-License-Identifier: Apache-2.0
#include "core/os/private_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace landwaiter {
namespace {

Error file_error(const std::filesystem::path& file, const char* what) {
  return Error(ErrorCode::io, file.string() + ": cannot " + what + ": " + std::strerror(errno));
}

}  // namespace

Result<void> make_private_directory(const std::filesystem::path& directory) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(directory, error);
  if (error) return Error(ErrorCode::io, directory.string() + ": cannot be made: " + error.message());
  if (made) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  return {};
}

Result<void> write_private_file(const std::filesystem::path& file, const std::string& text) {
  auto made = make_private_directory(file.parent_path());
  if (!made) return made.error();
  const std::filesystem::path fresh = file.string() + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (fd < 0) return file_error(fresh, "be written");
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  close(fd);
  if (!written || rename(fresh.c_str(), file.c_str()) != 0) return file_error(file, "be written");
  return {};
}

Result<std::string> read_small_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error(ErrorCode::io, file.string() + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace landwaiter
