// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/reference_command.hpp"

#include <functional>
#include <string>

namespace landwaiter::daemon {

class Command;

/// `landwaiter kinds`, `policies`, `detectors` and `rules` on the command line.
class ReferenceFlags {
 public:
  void add_to(Command& program);

 private:
  using Make = std::function<Result<Reference>()>;
  void add(Command& program, const char* name, const char* description, const char* filter, const char* one, Make make);
  int run(const Make& make) const;

  std::string format_ = "table";
  std::string output_;
};

}  // namespace landwaiter::daemon
