// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/commands/place_options.hpp"

namespace landwaiter::platform {

/// `verify`
class VerifyCommand {
 public:
  void add_to(daemon::Command& program);

 private:
  int run();

  PlaceOptions place_;
};

}  // namespace landwaiter::platform
