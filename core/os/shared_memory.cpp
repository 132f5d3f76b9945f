// SPDX-License-Identifier: Apache-2.0
#include "core/os/shared_memory.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace landwaiter {

Result<SharedMemory> SharedMemory::create(std::size_t size_bytes) {
  FileDescriptor made(::memfd_create("landwaiter", MFD_CLOEXEC));
  if (!made.valid() || ::ftruncate(made.number(), static_cast<off_t>(size_bytes)) != 0) {
    return Error(ErrorCode::io, "cannot make memory that two processes share");
  }
  return map(std::move(made), size_bytes);
}

Result<SharedMemory> SharedMemory::map(FileDescriptor made, std::size_t size_bytes) {
  struct stat file {};
  // Beyond the end of the file, access would end the process.
  const bool large_enough = ::fstat(made.number(), &file) == 0 && std::cmp_greater_equal(file.st_size, size_bytes);
  void* const start = large_enough ? ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, made.number(), 0) : MAP_FAILED;
  if (start == MAP_FAILED) return Error(ErrorCode::io, "cannot share memory with another process");
  return SharedMemory(std::move(made), std::span(static_cast<std::uint8_t*>(start), size_bytes));
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept : made_(std::move(other.made_)), bytes_(std::exchange(other.bytes_, {})) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(made_, other.made_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace landwaiter
