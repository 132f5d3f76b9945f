// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/exit_code.hpp"

#include <iostream>

namespace landwaiter::daemon {

int fail_usage(const Error& error) {
  std::cerr << "landwaiter: " << error.message() << "\n";
  return exit_usage;
}

}  // namespace landwaiter::daemon
