// SPDX-License-Identifier: Apache-2.0
// A fork server whose children do what they are told by a message, and answer with what came of it.
#include "core/os/fork_server.hpp"
#include "core/os/sandbox.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace landwaiter;

constexpr std::size_t kSharedBytes = 4096;
constexpr std::uint64_t kMemoryMax = 32 << 20;

/// "done" or why not.
std::string outcome(bool done) { return done ? "done" : std::strerror(errno); }

std::string open_file() { return outcome(::open("/etc/passwd", O_RDONLY) >= 0); }
std::string make_socket() { return outcome(::socket(AF_INET, SOCK_STREAM, 0) >= 0); }
std::string fork_again() { return outcome(::fork() >= 0); }
std::string execute() {
  char* const none[] = {nullptr};
  return outcome(::execve("/bin/true", none, none) == 0);
}
std::string make_code() {
  return outcome(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}
std::string share_memory() {
  return outcome(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}
std::string kill_parent() { return outcome(::kill(::getppid(), 0) == 0); }
std::string allocate(std::size_t bytes) {
  try {
    const std::vector<char> memory(bytes, 'x');
    return memory.back() == 'x' ? "done" : "lost";
  } catch (const std::bad_alloc&) {
    return "no memory";
  }
}
std::string open_descriptors() {
  std::string out;
  for (int i = 0; i < 64; ++i) {
    if (::fcntl(i, F_GETFD) >= 0) out += (out.empty() ? "" : " ") + std::to_string(i);
  }
  return out;
}
std::string environment() {
  std::string out;
  for (char** variable = ::environ; *variable != nullptr; ++variable) out += std::string(*variable) + "\n";
  return out;
}
std::string spin() {
  for (;;) ::getpid();
}

MessageSocket* beating = nullptr;  // NOLINT: for the signal handler
void beat() noexcept {
  const std::uint8_t message = 'b';
  beating->send_if_room({&message, 1});
}

std::optional<Sandbox> sandbox;  // NOLINT: made before the forks

std::string answer(std::string_view order, ForkedChild& process) {
  static const std::map<std::string_view, std::function<std::string()>> kFree{
      {"descriptors", open_descriptors}, {"environment", environment}, {"pid", [] { return std::to_string(::getpid()); }}};
  static const std::map<std::string_view, std::function<std::string()>> kConfined{{"open", open_file},
                                                                                  {"socket", make_socket},
                                                                                  {"fork", fork_again},
                                                                                  {"exec", execute},
                                                                                  {"code", make_code},
                                                                                  {"share", share_memory},
                                                                                  {"kill", kill_parent},
                                                                                  {"some memory", [] { return allocate(kMemoryMax / 2); }},
                                                                                  {"much memory", [] { return allocate(2 * kMemoryMax); }},
                                                                                  {"spin", spin},
                                                                                  {"abort", []() -> std::string { std::abort(); }}};
  if (const auto free = kFree.find(order); free != kFree.end()) return free->second();
  if (order == "shared") {
    process.memory.bytes()[1] = process.memory.bytes()[0] + 1;
    return "done";
  }
  if (order == "beat") {
    beating = &process.socket;
    start_heartbeat(beat);
    std::vector<std::uint8_t> buffer(16);
    return process.socket.receive_blocking(buffer) == 0 ? "gone" : "woken";
  }
  const auto confined = sandbox->enter({kMemoryMax, std::chrono::seconds(1)});
  if (!confined) return confined.error().message();
  return kConfined.at(order)();
}

int child(ForkedChild process) {
  std::vector<std::uint8_t> buffer(kMessageBytesMax);
  const std::size_t size = process.socket.receive_blocking(buffer);
  if (size == 0) return 3;
  const std::string text = answer(as_text(ByteView(buffer).first(size)), process);
  return process.socket.send(as_bytes(text)) ? 0 : 4;
}

}  // namespace

int main() {
  sandbox = landwaiter::Sandbox::prepare().value();
  return landwaiter::serve_forks(
      kSharedBytes,
      [](landwaiter::ByteView setup) -> landwaiter::Result<std::string> {
        const std::string text(landwaiter::as_text(setup));
        if (text == "fail") return landwaiter::Error(landwaiter::ErrorCode::configuration, "asked to fail");
        if (text == "leave") std::exit(0);
        return "ready for " + text;
      },
      child);
}
