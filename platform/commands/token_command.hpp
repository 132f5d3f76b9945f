// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/commands/place_options.hpp"

#include <cstdint>
#include <string>

namespace landwaiter::platform {

/// `token create`
class TokenCommand {
 public:
  void add_to(daemon::Command& program);

 private:
  int create();

  PlaceOptions place_;
  std::string kind_ = "api";
  std::string name_;
  std::int64_t expires_in_s_ = 0;
};

}  // namespace landwaiter::platform
