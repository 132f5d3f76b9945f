// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/cli/command.hpp"
#include "daemon/output/status_line.hpp"

namespace landwaiter::daemon {

/// How a command shows that it works.
class ProgressFlags {
 public:
  void add_to(Command& command) {
    auto* often = command.add_flag("--progress", often_, "Without a terminal, say each 5 seconds how far it is (otherwise each 30)");
    command.add_flag("--no-progress", none_, "Show no progress")->excludes(often);
  }
  ProgressWish wish(bool quiet) const {
    if (none_ || quiet) return ProgressWish::none;
    return often_ ? ProgressWish::often : ProgressWish::standard;
  }

 private:
  bool often_ = false;
  bool none_ = false;
};

}  // namespace landwaiter::daemon
