// SPDX-License-Identifier: Apache-2.0
#include "core/os/process.hpp"

#include "core/base/secret.hpp"
#include "core/os/file_descriptor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

extern char** environ;  // NOLINT

namespace landwaiter {
namespace {

using Steady = std::chrono::steady_clock;

/// Fits into any pipe, so that writing it never waits for the program.
constexpr std::size_t kInputBytesMax = 4096;

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error(ErrorCode::io, "cannot make a pipe");
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// A child that is killed and reaped at the latest when it goes out of scope.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    reap(0);
  }
  /// True when it has ended with exit code 0; nothing when it still runs.
  std::optional<bool> ended() { return reap(WNOHANG); }

 private:
  std::optional<bool> reap(int options) {
    int status = 0;
    pid_t done = 0;
    do done = ::waitpid(pid_, &status, options);
    while (done < 0 && errno == EINTR);
    if (done == 0) return std::nullopt;
    pid_ = -1;
    return done > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  pid_t pid_;
};

Result<pid_t> spawn(const std::string& file, const std::vector<std::string>& arguments, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 34)
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);  // our connections are not its business
#endif
#endif
  // Its own process group, so its children end with it, and default signal handling.
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words{file};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, file.c_str(), &actions, &attributes, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) return Error(ErrorCode::configuration, "cannot be started");
  return pid;
}

/// What it writes until it closes its output. `out` has room for the limit, so that it does not grow and leave copies.
Result<void> read_output(int descriptor, Steady::time_point deadline, std::uint64_t bytes_max, std::string& out) {
  std::array<char, 4096> chunk{};
  Result<void> result;
  while (result) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now());
    pollfd waiting{descriptor, POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&waiting, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      result = Error(ErrorCode::timeout, "it did not answer in time");
      break;
    }
    const ssize_t count = ::read(descriptor, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) result = Error(ErrorCode::io, "its output cannot be read");
    if (count <= 0) break;
    const auto size = static_cast<std::size_t>(count);
    if (out.size() + size > bytes_max) result = Error(ErrorCode::limit_exceeded, "its answer is too long");
    else out.append(chunk.data(), size);
  }
  std::ranges::fill(chunk, '\0');
  return result;
}

/// Its output is closed, so it is about to end.
std::optional<bool> wait_for(Child& child, Steady::time_point deadline) {
  std::optional<bool> ended = child.ended();
  while (!ended && Steady::now() < deadline) {
    ::poll(nullptr, 0, 5);
    ended = child.ended();
  }
  return ended;
}

}  // namespace

std::uint64_t allow_descriptors(std::uint64_t wanted) {
  rlimit most{};
  if (::getrlimit(RLIMIT_NOFILE, &most) != 0) return 0;
  if (most.rlim_cur >= wanted) return most.rlim_cur;
  const rlimit more{std::min<rlim_t>(wanted, most.rlim_max), most.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &more) == 0 ? more.rlim_cur : most.rlim_cur;
}

void keep_memory_private() {
  const rlimit none{0, 0};
  static_cast<void>(::setrlimit(RLIMIT_CORE, &none));
  // A pipe as core_pattern takes dumps whatever their limit; not those of a process that is not dumpable.
  static_cast<void>(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

std::vector<std::string> variable_names(std::string_view prefix) {
  std::vector<std::string> names;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (text.starts_with(prefix)) names.emplace_back(text.substr(0, text.find('=')));
  }
  std::ranges::sort(names);
  return names;
}

void forget_variables(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name.empty() || environ == nullptr) continue;
    // A name may be there more than once.
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text(*variable);
      if (text.size() <= name.size() || !text.starts_with(name) || text[name.size()] != '=') continue;
      ::explicit_bzero(*variable + name.size() + 1, text.size() - name.size() - 1);
    }
    ::unsetenv(name.c_str());
  }
}

void ignore_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

void ignore_hangups() { std::signal(SIGHUP, SIG_IGN); }

void hold_standard_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // The lowest number is given: this one. Open for reading alone, it gives an error to who prints results.
    static_cast<void>(::open("/dev/null", number == STDERR_FILENO ? O_WRONLY : O_RDONLY));
  }
}

std::optional<std::string> find_program(const std::string& program, std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string folder(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    if (!folder.starts_with('/')) continue;
    std::string file = folder + '/' + program;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

Result<ProgramEnd> run_program(const std::string& file, const std::vector<std::string>& arguments, const std::string& input,
                               const ProgramLimits& limits) {
  const auto deadline = Steady::now() + limits.time_max;
  if (input.size() > kInputBytesMax) return Error(ErrorCode::limit_exceeded, "its input is too long");
  auto to_program = make_pipe();
  auto from_program = make_pipe();
  if (!to_program || !from_program) return Error(ErrorCode::io, "cannot make a pipe");
  // Written before it starts: it fits into the pipe, so this neither blocks nor meets a closed pipe.
  const ssize_t written = ::write(to_program->write.number(), input.data(), input.size());
  if (written != static_cast<ssize_t>(input.size())) return Error(ErrorCode::io, "cannot write to a pipe");
  to_program->write.close();
  auto pid = spawn(file, arguments, to_program->read.number(), from_program->write.number());
  if (!pid) return pid.error();
  Child child(*pid);
  to_program->read.close();
  from_program->write.close();
  ProgramEnd end;
  end.output.reserve(static_cast<std::size_t>(limits.output_bytes_max));
  auto read = read_output(from_program->read.number(), deadline, limits.output_bytes_max, end.output);
  if (!read) {
    wipe(end.output);
    return read.error();
  }
  end.succeeded = wait_for(child, deadline);
  return end;
}

}  // namespace landwaiter
