// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "daemon/output/report_outputs.hpp"

#include <string>
#include <vector>

namespace landwaiter::daemon {

class Command;

/// The options by which a command says where its report goes, and in which formats; the group "Output".
class OutputFlags {
 public:
  void add_to(Command& command);
  /// After parsing, once.
  Result<ReportOptions> finish();

  /// For the help of a command: the rule of choose_outputs().
  static std::string explanation();

 private:
  ReportOptions options_;
  std::string format_;
  std::string least_;
  std::vector<std::string> outputs_;
};

}  // namespace landwaiter::daemon
