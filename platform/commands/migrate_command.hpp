// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/commands/place_options.hpp"

namespace landwaiter::platform {

/// `migrate`
class MigrateCommand {
 public:
  void add_to(daemon::Command& program);

 private:
  int run();

  PlaceOptions place_;
  bool check_ = false;
};

}  // namespace landwaiter::platform
