// SPDX-License-Identifier: Apache-2.0
#include "core/os/locale.hpp"
#include "core/os/process.hpp"
#include "daemon/reader/reader_process.hpp"
#include "platform/commands/command_line.hpp"
#include "platform/commands/exit_code.hpp"

#include <sodium.h>

int main(int argc, char** argv) {
  using namespace landwaiter;
  if (const auto ended = daemon::run_reader_process(argc, argv)) return *ended;
  hold_standard_streams();
  keep_memory_private();
  use_utf8_names();
  ignore_broken_pipes();
  if (sodium_init() < 0) return platform::fail(Error(ErrorCode::internal, "libsodium cannot be initialized"));
  return platform::run_command_line(argc, argv);
}
