// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

namespace landwaiter {

/// A file descriptor of the system, closed with the object.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number = -1) : number_(number) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() { close(); }

  bool valid() const { return number_ >= 0; }
  int number() const { return number_; }
  void close();

 private:
  int number_;
};

}  // namespace landwaiter
