// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/os/file_descriptor.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace landwaiter {

/// A file that several read at once, each at a place of its own. What comes once and in order (a pipe, "-" for standard input) is kept in a
/// file without a name, in TMPDIR or otherwise in /var/tmp, which ends with the object.
class SeekableFile {
 public:
  /// Whether open() would take it from somebody who sends it, and can do so once.
  static bool is_stream(const std::string& name);
  /// Returns when a stream has ended. Errors: not_found, io.
  static Result<std::shared_ptr<const SeekableFile>> open(const std::string& name);

  /// Keeps what `next` gives until it gives 0, as it does with a pipe. `name` is for people. Errors: io, those of `next`.
  using Next = std::function<Result<std::size_t>(std::span<std::uint8_t> buffer)>;
  static Result<std::shared_ptr<const SeekableFile>> keep(const Next& next, const std::string& name);

  /// 0 at the end. The error says the reason alone.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::uint8_t> buffer) const;
  std::uint64_t size_bytes() const { return size_bytes_; }

 private:
  SeekableFile(FileDescriptor file, std::uint64_t size_bytes) : file_(std::move(file)), size_bytes_(size_bytes) {}

  FileDescriptor file_;
  std::uint64_t size_bytes_;
};

}  // namespace landwaiter
