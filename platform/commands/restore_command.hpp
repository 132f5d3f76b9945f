// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/commands/place_options.hpp"

#include <string>

namespace landwaiter::platform {

/// `restore`
class RestoreCommand {
 public:
  void add_to(daemon::Command& program);

 private:
  int run();

  PlaceOptions place_;
  std::string folder_;
  std::string passphrase_file_;
};

}  // namespace landwaiter::platform
