// SPDX-License-Identifier: Apache-2.0
#include "platform/commands/exit_code.hpp"

#include <iostream>

namespace landwaiter::platform {

int fail(const Error& error, int code) {
  std::cerr << "landwaiter-platform: " << error.message() << "\n";
  return code;
}

}  // namespace landwaiter::platform
