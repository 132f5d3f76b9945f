// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace landwaiter::test {

/// A fresh folder below the system's temporary one, removed with all it holds. Failing to make it throws.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Throws when the file cannot be written or read.
void write_file(const std::filesystem::path& file, std::string_view bytes);
std::string read_file(const std::filesystem::path& file);

/// A TCP port of 127.0.0.1 that nobody listens on, and that no other test is given before this process ends.
std::uint16_t free_port();

}  // namespace landwaiter::test
