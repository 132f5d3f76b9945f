// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/commands/judging.hpp"

#include <string>
#include <vector>

namespace landwaiter::daemon {

class Command;

/// The options by which findings are judged; the group "Judging".
class JudgingFlags {
 public:
  /// What gates a pipeline: rules, decisions, a baseline.
  void add_to(Command& command);
  /// What findings are assessed by, for a command that reads them.
  void add_policy_to(Command& command);
  /// After parsing, once.
  Result<JudgingOptions> finish();

 private:
  JudgingOptions options_;
  std::vector<std::string> fail_on_;
};

}  // namespace landwaiter::daemon
