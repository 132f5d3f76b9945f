// SPDX-License-Identifier: Apache-2.0
// docker-credential-helpers, "Development": the protocol of the programs.
#include "registry/auth/credential_helper.hpp"

#include "core/base/json.hpp"
#include "core/base/json_text.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

extern char** environ;  // NOLINT

namespace landwaiter::registry {
namespace {

using Steady = std::chrono::steady_clock;

/// A file descriptor that closes itself.
class OpenFile {
 public:
  explicit OpenFile(int number = -1) : number_(number) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  OpenFile(OpenFile&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~OpenFile() { close(); }
  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

struct Pipe {
  OpenFile read;
  OpenFile write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error(ErrorCode::io, "cannot make a pipe");
  return Pipe{OpenFile(ends[0]), OpenFile(ends[1])};
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

std::optional<std::string> find_program(const std::string& program, std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string folder(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    // A relative folder would be one of whoever owns the current directory.
    if (!folder.starts_with('/')) continue;
    std::string file = folder + '/' + program;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

Result<pid_t> spawn(const std::string& file, int input, int output) {
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
  // A group of its own, so that what it starts ends with it; and signals as programs expect them.
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  std::string program = file;
  std::string verb = "get";
  std::array<char*, 3> arguments{program.data(), verb.data(), nullptr};
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, file.c_str(), &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) return Error(ErrorCode::configuration, "cannot be started");
  return pid;
}

/// What it writes until it closes its output. `out` has room for the limit, so that it does not grow and leave copies.
Result<void> read_output(int descriptor, Steady::time_point deadline, std::string& out) {
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
    if (out.size() + size > limits::token_bytes_max) result = Error(ErrorCode::limit_exceeded, "its answer is too long");
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

Result<std::optional<HelperAnswer>> converse(const std::string& file, const std::string& server) {
  const auto deadline = Steady::now() + limits::credential_helper_timeout;
  auto input = make_pipe();
  auto output = make_pipe();
  if (!input || !output) return Error(ErrorCode::io, "cannot make a pipe");
  // Before it starts: a server's name fits into a pipe, so this never waits, and nobody is there to break it.
  const std::string line = server + '\n';
  const ssize_t written = ::write(input->write.number(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) return Error(ErrorCode::io, "cannot write to a pipe");
  input->write.close();
  auto pid = spawn(file, input->read.number(), output->write.number());
  if (!pid) return pid.error();
  Child child(*pid);
  input->read.close();
  output->write.close();
  std::string text;
  text.reserve(static_cast<std::size_t>(limits::token_bytes_max));
  auto read = read_output(output->read.number(), deadline, text);
  const std::optional<bool> good = read ? wait_for(child, deadline) : std::nullopt;
  if (read && good && *good) {
    auto answer = parse_helper_answer(text);
    if (!answer) return answer.error();
    return std::optional<HelperAnswer>(std::move(*answer));
  }
  const bool none = text.starts_with("credentials not found");
  wipe(text);
  if (!read) return read.error();
  if (none) return std::optional<HelperAnswer>();
  return Error(good ? ErrorCode::io : ErrorCode::timeout, good ? "it failed" : "it did not end in time");
}

}  // namespace

bool is_helper_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, fits);
}

Result<HelperAnswer> parse_helper_answer(std::string& text) {
  auto document = parse_json(text, "its answer");
  wipe(text);
  if (!document) return document.error();
  HelperAnswer out;
  out.username = text_of(*document, "Username");
  out.secret = Secret(text_of(*document, "Secret"));
  wipe_texts(*document);
  if (out.secret.empty()) return Error(ErrorCode::malformed, "its answer holds no Secret");
  return out;
}

Result<std::optional<HelperAnswer>> run_credential_helper(const std::string& name, const std::string& server, const std::string& path) {
  if (!is_helper_name(name)) return Error(ErrorCode::configuration, "not the name of a credential helper: " + landwaiter::quoted(name));
  const std::string program = "docker-credential-" + name;
  const auto file = find_program(program, path);
  if (!file) return Error(ErrorCode::configuration, "the credential helper " + program + " is not in PATH");
  auto answer = converse(*file, server);
  if (answer) return answer;
  const std::string advice = "; try it by hand: echo " + server + " | " + program + " get";
  return Error(answer.error().code(), "the credential helper " + program + ": " + answer.error().message() + advice);
}

}  // namespace landwaiter::registry
