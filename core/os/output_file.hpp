// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/os/file_descriptor.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace landwaiter {

/// What a command writes: to a file, or to standard output. A regular file appears, or replaces the one before, whole or not at all: the
/// bytes go to a file beside it until finish(). Errors: io, with the name.
class OutputFile {
 public:
  /// An empty name means standard output. Fails at once if nothing can be written there.
  static Result<OutputFile> open(const std::string& name);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  /// Bytes may be kept back until flush() or finish(). After an error all further calls return it.
  Result<void> write(std::string_view text);
  Result<void> flush();
  Result<void> finish();

 private:
  OutputFile(FileDescriptor descriptor, std::string name, std::filesystem::path temporary, std::filesystem::path target);
  Error fail(const char* what);

  FileDescriptor descriptor_;
  std::string name_;
  std::filesystem::path temporary_;  ///< empty: written in place
  bool nameless_ = false;            ///< `temporary_` is the name that it gets when it is whole
  std::filesystem::path target_;
  std::string pending_;
  std::optional<Error> failure_;
};

}  // namespace landwaiter
