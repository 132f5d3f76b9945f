// SPDX-License-Identifier: Apache-2.0
#include "tests/support/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace landwaiter::test {
namespace {

constexpr std::chrono::milliseconds kPoll{5};

std::vector<std::string> merged_environment(const ProcessOptions& options) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    const bool replaced = options.environment.contains(name);
    const bool dropped = std::ranges::find(options.unset, name) != options.unset.end();
    if (!replaced && !dropped) out.push_back(text);
  }
  for (const auto& [name, value] : options.environment) out.push_back(name + '=' + value);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

bool redirect(const std::string& file, int flags, int descriptor) {
  const int opened = ::open(file.c_str(), flags, 0600);
  return opened >= 0 && ::dup2(opened, descriptor) >= 0;
}

struct Child {
  std::string in, out, err, directory;
  std::vector<char*> argv, environment;
  pid_t parent;
  sigset_t mask;
};

/// The test program's own handlers must not run in the child.
void restore_signals(const sigset_t& mask) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGPIPE, SIGCHLD}) {
    std::signal(number, SIG_DFL);
  }
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
}

/// Between fork and exec only async-signal-safe calls are allowed.
[[noreturn]] void become(const Child& child) {
  restore_signals(child.mask);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != child.parent) ::_exit(127);
  const bool ready = redirect(child.in, O_RDONLY, STDIN_FILENO) && redirect(child.out, O_WRONLY | O_APPEND, STDOUT_FILENO) &&
                     redirect(child.err, O_WRONLY | O_APPEND, STDERR_FILENO) &&
                     (child.directory.empty() || ::chdir(child.directory.c_str()) == 0);
  if (ready) ::execvpe(child.argv[0], child.argv.data(), child.environment.data());
  ::_exit(127);
}

}  // namespace

Process::Process(ProcessOptions options) {
  write_file(files_ / "in", options.input);
  write_file(files_ / "out", "");
  write_file(files_ / "err", "");
  std::vector<std::string> environment = merged_environment(options);
  sigset_t all{}, before{};
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const Child child{(files_ / "in").string(),
                    (files_ / "out").string(),
                    (files_ / "err").string(),
                    options.working_directory.string(),
                    pointers(options.argv),
                    pointers(environment),
                    ::getpid(),
                    before};
  pid_ = ::fork();
  if (pid_ == 0) become(child);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
}

Process::~Process() {
  if (pid_ > 0 && !exit_code_) kill();
}

bool Process::running() { return !wait(std::chrono::milliseconds(0)).has_value(); }

void Process::signal(int number) {
  if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience * patience_factor();
  while (!exit_code_) {
    int status = 0;
    rusage usage{};
    const pid_t got = ::wait4(pid_, &status, WNOHANG, &usage);
    if (got < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "wait4");
    if (got == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      peak_memory_kib_ = usage.ru_maxrss;
    } else {
      if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
      std::this_thread::sleep_for(kPoll);
    }
  }
  return exit_code_;
}

int Process::stop(std::chrono::milliseconds patience) {
  signal(SIGTERM);
  if (auto code = wait(patience)) return *code;
  return kill();
}

int patience_factor() {
  const char* value = std::getenv("LANDWAITER_TEST_PATIENCE");  // NOLINT(concurrency-mt-unsafe): nobody changes it
  return value == nullptr ? 1 : std::max(1, std::atoi(value));  // NOLINT(cert-err34-c): anything but a number counts as 1
}

int Process::kill() {
  signal(SIGKILL);
  return wait(std::chrono::hours(1)).value();
}

std::string Process::output() const { return read_file(files_ / "out"); }
std::string Process::errors() const { return read_file(files_ / "err"); }

ProcessResult run(ProcessOptions options, std::chrono::milliseconds patience) {
  const std::string program = options.argv.at(0);
  Process process(std::move(options));
  const auto code = process.wait(patience);
  if (!code) throw std::runtime_error(program + " did not end in time: " + process.errors());
  return {*code, process.output(), process.errors(), process.peak_memory_kib()};
}

ProcessResult run_checked(ProcessOptions options, std::chrono::milliseconds patience) {
  const std::string program = options.argv.at(0);
  ProcessResult result = run(std::move(options), patience);
  if (result.exit_code != 0) {
    throw std::runtime_error(program + " exited with " + std::to_string(result.exit_code) + ": " + result.errors + result.output);
  }
  return result;
}

}  // namespace landwaiter::test
