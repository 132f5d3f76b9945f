// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/convert_command.hpp"
#include "daemon/flags/judging_flags.hpp"
#include "daemon/flags/output_flags.hpp"

namespace landwaiter::daemon {

/// `landwaiter convert` on the command line.
class ConvertFlags {
 public:
  void add_to(Command& program);

 private:
  int run();

  ConvertOptions options_;
  OutputFlags output_;
  JudgingFlags judging_;
};

}  // namespace landwaiter::daemon
