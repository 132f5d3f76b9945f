// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace landwaiter::detectors {

/// What a shell command printed; nothing when it failed. Its errors are dropped.
std::optional<std::string> run(const std::string& command);

/// The same for commands that a test cannot do without: throws when it fails.
std::string must_run(const std::string& command);

/// A folder that goes when this does.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view content);
std::string shell_quoted(const std::string& word);

}  // namespace landwaiter::detectors
