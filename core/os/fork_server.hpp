// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/message_socket.hpp"
#include "core/os/shared_memory.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace landwaiter {

/// One child of a fork server, seen from either side.
struct ForkedChild {
  std::uint64_t id = 0;
  MessageSocket socket;
  SharedMemory memory;
};

struct ForkServerOptions {
  std::string program;  ///< file; empty: this program itself
  std::vector<std::string> arguments;
  std::size_t shared_bytes = 0;  ///< of the memory that a child shares with us
  std::chrono::milliseconds ready_time_max{0};
};

/// A process that was started once, prepared itself, and forks children that need no preparation. It starts without our memory,
/// environment, connections and files. It and all of its children end with this object, or with this process.
class ForkServer {
 public:
  /// Starts the program, which calls serve_forks, and waits for its answer to `setup`. Errors: configuration (it cannot be started),
  /// timeout, unavailable (it ended), and its own.
  static Result<std::unique_ptr<ForkServer>> start(const ForkServerOptions& options, ByteView setup);
  ~ForkServer();
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;

  /// What it answered to `setup`.
  const std::string& answer() const { return answer_; }

  /// From any thread. A child whose connection is closed ends at its next message; kill() ends it at once. Errors: unavailable (the server
  /// is gone, and all of its children), io.
  Result<ForkedChild> fork();
  /// From any thread. A child that has ended already is left alone, whoever has its number by then.
  void kill(std::uint64_t id) noexcept;

 private:
  ForkServer(MessageSocket control, int process, std::size_t shared_bytes);
  Result<void> wait_for_answer(ByteView setup, std::chrono::milliseconds time_max);

  MessageSocket control_;
  int process_;
  std::size_t shared_bytes_;
  std::string answer_;
  std::mutex mutex_;
  std::uint64_t last_id_ = 0;
};

/// How a child ended.
struct ChildEnd {
  bool out_of_time = false;  ///< it used up its CPU time
  std::string text;          ///< "was killed (signal 9)"
};
/// If a message on a child's connection comes from the server, which tells its end; nothing if the child sent it.
std::optional<ChildEnd> child_end(ByteView message);
/// The first byte of messages that the server sends; children use others.
inline constexpr std::uint8_t kChildEndMark = 0xff;

/// The other side: serves until the process that started this one is gone. `prepare` runs once and makes the answer to the setup; `child`
/// runs in each child, whose exit code it returns. Returns this process' exit code. To be called with one thread.
int serve_forks(std::size_t shared_bytes, const std::function<Result<std::string>(ByteView setup)>& prepare,
                const std::function<int(ForkedChild)>& child);

/// In a child: calls `beat` each second, between any two instructions of this thread; it may only do what a signal handler may.
void start_heartbeat(void (*beat)() noexcept);

}  // namespace landwaiter
