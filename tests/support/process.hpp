// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/support/temp_dir.hpp"

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::test {

struct ProcessOptions {
  std::vector<std::string> argv;                   ///< the program is looked up in PATH
  std::map<std::string, std::string> environment;  ///< on top of ours
  std::vector<std::string> unset;                  ///< names taken out of ours
  std::filesystem::path working_directory;         ///< ours when empty
  std::string input;                               ///< what it reads from standard input
};

/// A child process. Killed and reaped when the object goes; killed by the kernel when the thread that started it ends, so
/// nothing stays behind even if the test crashes: start it from a thread that lives long enough. Failing to start throws.
class Process {
 public:
  explicit Process(ProcessOptions options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  /// The exit code, 128 + signal number when a signal ended it; nothing when it still runs after `patience`.
  std::optional<int> wait(std::chrono::milliseconds patience);
  /// SIGTERM, then SIGKILL when it has not ended after `patience`. Returns the exit code as above.
  int stop(std::chrono::milliseconds patience = std::chrono::seconds(20));
  int kill();

  /// What it has written so far.
  std::string output() const;
  std::string errors() const;
  /// Largest resident set in KiB; known once it has ended.
  long peak_memory_kib() const { return peak_memory_kib_; }

 private:
  TempDir files_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  long peak_memory_kib_ = 0;
};

struct ProcessResult {
  int exit_code = 0;
  std::string output;
  std::string errors;
  long peak_memory_kib = 0;
};

/// Limits on waiting only end what hangs. They are meant for an idle machine and grow by this factor (LANDWAITER_TEST_PATIENCE).
int patience_factor();

/// Runs to the end; throws when it takes longer than `patience`.
ProcessResult run(ProcessOptions options, std::chrono::milliseconds patience = std::chrono::minutes(5));
/// The same, and throws with the program's output unless it exits with 0.
ProcessResult run_checked(ProcessOptions options, std::chrono::milliseconds patience = std::chrono::minutes(5));

}  // namespace landwaiter::test
