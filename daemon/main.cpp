// SPDX-License-Identifier: Apache-2.0
#include "core/os/heap.hpp"
#include "core/os/locale.hpp"
#include "core/os/process.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/flags/command_line.hpp"
#include "daemon/reader/reader_process.hpp"

#include <sodium.h>

int main(int argc, char** argv) {
  using namespace landwaiter;
  if (const auto ended = daemon::run_reader_process(argc, argv)) return *ended;
  hold_standard_streams();
  share_one_heap();
  return_large_blocks();
  keep_memory_private();
  use_utf8_names();
  ignore_broken_pipes();
  if (sodium_init() < 0) return daemon::fail_usage(Error(ErrorCode::internal, "libsodium cannot be initialized"));
  return daemon::run_command_line(argc, argv);
}
