// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/os/file_descriptor.hpp"

#include <cstdint>
#include <span>

namespace landwaiter {

/// Memory that two processes see, without a file. Both may write at any time, so whoever trusts the other less only writes.
class SharedMemory {
 public:
  /// Of zeros. Error: io.
  static Result<SharedMemory> create(std::size_t size_bytes);
  /// What another process made, by the descriptor that it sent. Error: io, also when it is smaller.
  static Result<SharedMemory> map(FileDescriptor made, std::size_t size_bytes);
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory();

  std::span<std::uint8_t> bytes() const { return bytes_; }
  int descriptor() const { return made_.number(); }
  void close_descriptor() { made_.close(); }

 private:
  SharedMemory(FileDescriptor made, std::span<std::uint8_t> bytes) : made_(std::move(made)), bytes_(bytes) {}

  FileDescriptor made_;
  std::span<std::uint8_t> bytes_;
};

}  // namespace landwaiter
