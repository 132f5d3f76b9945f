// SPDX-License-Identifier: Apache-2.0
#include "core/os/fork_server.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace landwaiter {
namespace {

/// Where a server finds the connection to whoever started it.
constexpr int kControl = STDERR_FILENO + 1;
/// An order has some bytes, and the server waits for nothing else.
constexpr std::chrono::milliseconds kOrderTime = std::chrono::seconds(5);
/// To kill its children and to wait for them.
constexpr std::chrono::milliseconds kEndTime = std::chrono::seconds(2);
constexpr auto kForEver = std::chrono::milliseconds(-1);

enum class Order : std::uint64_t { fork, kill };

struct OrderMessage {
  Order order = Order::fork;
  std::uint64_t id = 0;
};

struct EndMessage {
  std::array<std::uint8_t, 4> mark{kChildEndMark};
  std::int32_t status = 0;
};

template <class Message>
ByteView bytes_of(const Message& message) {
  return {reinterpret_cast<const std::uint8_t*>(&message), sizeof message};
}

/// Answers start with one of these, followed by text.
constexpr char kReady = '+';
constexpr char kFailed = '-';

/// The only variable that a server gets: by which it finds its libraries, if they are in an unusual place.
std::vector<std::string> server_environment() {
  const char* const libraries = std::getenv("LD_LIBRARY_PATH");  // NOLINT: no other thread changes the environment
  return libraries == nullptr ? std::vector<std::string>() : std::vector{std::string("LD_LIBRARY_PATH=") + libraries};
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Result<pid_t> spawn_server(const ForkServerOptions& options, int control) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, control, kControl);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, kControl + 1);
  // A group of its own, so that Ctrl-C on a terminal is ours to handle; no signal ignored or blocked.
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const std::string file = options.program.empty() ? "/proc/self/exe" : options.program;
  std::vector<std::string> words{options.program.empty() ? "landwaiter" : options.program};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> variables = server_environment();
  pid_t process = -1;
  const int failed = ::posix_spawn(&process, file.c_str(), &actions, &attributes, pointers_to(words).data(), pointers_to(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) return Error(ErrorCode::configuration, file + " cannot be started: " + std::strerror(failed));
  return process;
}

}  // namespace

Result<std::unique_ptr<ForkServer>> ForkServer::start(const ForkServerOptions& options, ByteView setup) {
  auto ends = MessageSocket::make_pair();
  if (!ends) return ends.error();
  auto process = spawn_server(options, ends->second.descriptor());
  if (!process) return process.error();
  ends->second.close();
  std::unique_ptr<ForkServer> server(new ForkServer(std::move(ends->first), *process, options.shared_bytes));
  auto answered = server->wait_for_answer(setup, options.ready_time_max);
  if (!answered) return answered.error();
  return server;
}

ForkServer::ForkServer(MessageSocket control, int process, std::size_t shared_bytes)
    : control_(std::move(control)), process_(process), shared_bytes_(shared_bytes) {}

ForkServer::~ForkServer() {
  // It ends its children and waits for them, so that what they cost is counted as ours; or, if it hangs, it ends with them.
  control_.close();
  const auto deadline = std::chrono::steady_clock::now() + kEndTime;
  int status = 0;
  while (::waitpid(process_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) ::kill(process_, SIGKILL);
    ::poll(nullptr, 0, 1);
  }
}

Result<void> ForkServer::wait_for_answer(ByteView setup, std::chrono::milliseconds time_max) {
  auto sent = control_.send_within(setup, time_max);
  if (!sent) return sent.error();
  Bytes buffer(kMessageBytesMax);
  auto received = control_.receive(buffer, time_max);
  if (!received) return received.error();
  if (!*received) return Error(ErrorCode::timeout, "a process that reads layers was not ready in time");
  const std::string_view answer = as_text(ByteView(buffer).first((*received)->size_bytes));
  if (answer.empty()) return Error(ErrorCode::unavailable, "a process that reads layers ended before it was ready");
  if (answer.front() != kReady) return Error(ErrorCode::configuration, std::string(answer.substr(1)));
  answer_ = answer.substr(1);
  return {};
}

Result<ForkedChild> ForkServer::fork() {
  auto ends = MessageSocket::make_pair();
  if (!ends) return ends.error();
  auto memory = SharedMemory::create(shared_bytes_);
  if (!memory) return memory.error();
  const std::scoped_lock lock(mutex_);
  const OrderMessage order{Order::fork, ++last_id_};
  const std::array given{ends->second.descriptor(), memory->descriptor()};
  auto sent = control_.send_within(bytes_of(order), kOrderTime, -1, given);
  if (!sent) return sent.error();
  if (!*sent) return Error(ErrorCode::unavailable, "the process that starts readers does not answer");
  memory->close_descriptor();
  return ForkedChild{order.id, std::move(ends->first), *std::move(memory)};
}

void ForkServer::kill(std::uint64_t id) noexcept {
  const OrderMessage order{Order::kill, id};
  static_cast<void>(control_.send_within(bytes_of(order), kOrderTime).has_value());
}

std::optional<ChildEnd> child_end(ByteView message) {
  if (message.size() != sizeof(EndMessage) || message.front() != kChildEndMark) return std::nullopt;
  EndMessage end;
  std::memcpy(&end, message.data(), sizeof end);
  if (WIFEXITED(end.status)) return ChildEnd{false, "ended with code " + std::to_string(WEXITSTATUS(end.status))};
  const int signal = WIFSIGNALED(end.status) ? WTERMSIG(end.status) : 0;
  const std::string number = " (signal " + std::to_string(signal) + ")";
  switch (signal) {
    case SIGXCPU: return ChildEnd{true, "used up its CPU time" + number};
    case SIGKILL: return ChildEnd{false, "was killed" + number};
    default: return ChildEnd{false, "crashed" + number};
  }
}

namespace {

/// The children that run, as their server sees them.
class Children {
 public:
  void add(std::uint64_t id, pid_t process, MessageSocket socket) { running_.insert_or_assign(id, Child{process, std::move(socket)}); }

  void kill(std::uint64_t id) const {
    // Not reaped yet, so the number is still its own.
    const auto child = running_.find(id);
    if (child != running_.end()) ::kill(child->second.process, SIGKILL);
  }

  /// Those that have ended: whoever reads their connection learns how.
  void reap() {
    int status = 0;
    pid_t process = 0;
    while ((process = ::waitpid(-1, &status, WNOHANG)) > 0) {
      const auto child = std::ranges::find(running_, process, [](const auto& entry) { return entry.second.process; });
      if (child == running_.end()) continue;
      const EndMessage end{.status = status};
      child->second.socket.send_if_room(bytes_of(end));
      running_.erase(child);
    }
  }

  ~Children() {
    for (const auto& [id, child] : running_) ::kill(child.process, SIGKILL);
    for (const auto& [id, child] : running_) ::waitpid(child.process, nullptr, 0);
  }

 private:
  struct Child {
    pid_t process = -1;
    MessageSocket socket;  ///< the child's end
  };
  std::map<std::uint64_t, Child> running_;
};

/// A child has its own connection and memory, and nothing of the server's or of other children.
void close_all_but(int first, int second) {
  const auto [low, high] = std::minmax(first, second);
  const auto close_from = [](int begin, unsigned end) {
    return std::cmp_greater(begin, end) || ::close_range(static_cast<unsigned>(begin), end, 0) == 0;
  };
  if (close_from(kControl, static_cast<unsigned>(low) - 1) && close_from(low + 1, static_cast<unsigned>(high) - 1) &&
      close_from(high + 1, ~0U)) {
    return;
  }
  // An old kernel, or a filter around us that does not know the call.
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  for (int i = kControl; std::cmp_less(i, most.rlim_cur); ++i) {
    if (i != first && i != second) ::close(i);
  }
}

sigset_t only(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  return set;
}

/// In the new process.
[[noreturn]] void run_child(std::uint64_t id, FileDescriptor socket, FileDescriptor memory, pid_t server, std::size_t shared_bytes,
                            const std::function<int(ForkedChild)>& child) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != server) ::_exit(1);  // it ended before that was set
  const sigset_t none{};
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  close_all_but(socket.number(), memory.number());
  auto shared = SharedMemory::map(std::move(memory), shared_bytes);
  if (!shared) ::_exit(1);
  shared->close_descriptor();
  // Nothing of the server's is to be unwound here.
  ::_exit(child(ForkedChild{id, MessageSocket(std::move(socket)), *std::move(shared)}));
}

}  // namespace

int serve_forks(std::size_t shared_bytes, const std::function<Result<std::string>(ByteView)>& prepare,
                const std::function<int(ForkedChild)>& child) {
  MessageSocket control{FileDescriptor(kControl)};
  Bytes buffer(kMessageBytesMax);
  const std::size_t setup = control.receive_blocking(buffer);
  if (setup == 0) return 1;
  const auto answer = prepare(ByteView(buffer).first(setup));
  std::ranges::fill(buffer, 0);
  const std::string text = answer ? kReady + *answer : kFailed + answer.error().message();
  if (!control.send(as_bytes(text)) || !answer) return 1;

  // What preparing left behind would be searched, and copied, by each child.
  ::malloc_trim(0);
  // Whoever ends a whole group of processes means our starter, who lets running layers finish.
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::signal(number, SIG_IGN);
  const pid_t server = ::getpid();
  const sigset_t ended = only(SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &ended, nullptr);
  const FileDescriptor ends(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
  Children children;
  for (;;) {
    auto received = control.receive(buffer, kForEver, ends.number());
    signalfd_siginfo read{};
    while (::read(ends.number(), &read, sizeof read) > 0) {
    }
    children.reap();
    if (!received || (*received && (*received)->size_bytes != sizeof(OrderMessage))) return 0;
    if (!*received) continue;
    OrderMessage order;
    std::memcpy(&order, buffer.data(), sizeof order);
    if (order.order == Order::kill) {
      children.kill(order.id);
      continue;
    }
    auto& descriptors = (*received)->descriptors;
    if (descriptors.size() != 2) continue;
    const pid_t process = ::fork();
    if (process == 0) run_child(order.id, std::move(descriptors[0]), std::move(descriptors[1]), server, shared_bytes, child);
    // When it cannot fork, the connection closes, which says so.
    if (process > 0) children.add(order.id, process, MessageSocket(std::move(descriptors[0])));
  }
}

namespace {

void (*heartbeat)() noexcept = nullptr;
void on_alarm(int) { heartbeat(); }

}  // namespace

void end_process(int code) noexcept { ::_exit(code); }

void start_heartbeat(void (*beat)() noexcept) {
  heartbeat = beat;
  struct sigaction action {};
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &action, nullptr);
  const itimerval each_second{{1, 0}, {1, 0}};
  ::setitimer(ITIMER_REAL, &each_second, nullptr);
}

}  // namespace landwaiter
