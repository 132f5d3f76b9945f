// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/os/file_descriptor.hpp"

#include <filesystem>

namespace landwaiter {

/// A folder of which one process at a time is the keeper. The lock ends with the object, or with the process however that ends; what the
/// process has started does not hold it.
class FolderLock {
 public:
  /// Makes the folder if it is not there. Errors: conflict, which says who has it and since when; io.
  static Result<FolderLock> take(const std::filesystem::path& directory, SystemTime now);

 private:
  explicit FolderLock(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace landwaiter
