// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/commands/place_options.hpp"

#include <string>

namespace landwaiter::platform {

/// `migrate-to`
class MigrateToCommand {
 public:
  void add_to(daemon::Command& program);

 private:
  int run();

  PlaceOptions place_;
  std::string target_;
};

}  // namespace landwaiter::platform
