// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/os/file_descriptor.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace landwaiter {

/// The longest message of a MessageSocket: one fits into every system's buffer, so that sending waits for a reader at most.
inline constexpr std::size_t kMessageBytesMax = 64 * 1024;

/// One end of a connection between two processes of this machine: whole messages of 1 to kMessageBytesMax bytes, in order. Each
/// direction may be used by one thread; send() by several.
class MessageSocket {
 public:
  MessageSocket() = default;
  /// Takes over an end that another process made.
  explicit MessageSocket(FileDescriptor end) : end_(std::move(end)) {}

  /// Both ends, which no program that is started later inherits. Error: io.
  static Result<std::pair<MessageSocket, MessageSocket>> make_pair();

  bool valid() const { return end_.valid(); }
  int descriptor() const { return end_.number(); }
  /// The other side's sends fail from now on, and its receives return the end.
  void close() { end_.close(); }

  /// Waits until there is room, however long that takes. Makes one system call, sendto, and no other. Error: unavailable when the other
  /// side is gone.
  Result<void> send(ByteView message);
  /// False when there was no room in time, or when `wake` became readable before. The other side gets copies of the `descriptors`, of which
  /// one message carries at most 4. Error: unavailable when the other side is gone, io.
  Result<bool> send_within(ByteView message, std::chrono::milliseconds time_max, int wake = -1, std::span<const int> descriptors = {});
  /// Drops the message when there is no room. May be called by a signal handler.
  void send_if_room(ByteView message) noexcept;

  struct Received {
    std::size_t size_bytes = 0;  ///< 0: the other side is gone
    std::vector<FileDescriptor> descriptors;
  };
  /// The next message; nothing when none came in time, or when `wake` (a descriptor, -1 for none) became readable before. A negative
  /// time is forever. A `buffer` of less than kMessageBytesMax cuts longer messages off. Error: io.
  Result<std::optional<Received>> receive(std::span<std::uint8_t> buffer, std::chrono::milliseconds time_max, int wake = -1);
  /// The next message, however long it takes; without descriptors. 0: the other side is gone. Makes one system call, read, and no other.
  std::size_t receive_blocking(std::span<std::uint8_t> buffer) noexcept;

 private:
  FileDescriptor end_;
};

/// Wakes a thread that waits in MessageSocket::receive.
class WakeSignal {
 public:
  static Result<WakeSignal> make();
  int descriptor() const { return end_.number(); }
  /// From any thread. Stays in effect forever.
  void wake() noexcept;

 private:
  explicit WakeSignal(FileDescriptor end) : end_(std::move(end)) {}
  FileDescriptor end_;
};

}  // namespace landwaiter
