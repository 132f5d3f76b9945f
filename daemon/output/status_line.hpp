// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace landwaiter::daemon {

/// How a command shows on standard error that it works.
enum class ProgressMode {
  off,
  redrawn,  ///< one line of a terminal, in place
  lines,    ///< a line now and then, for logs
};

enum class ProgressWish { none, standard, often };
/// Off a terminal `often` has a line each few seconds, otherwise each half a minute, so that short runs leave none.
ProgressMode progress_mode(ProgressWish wish, bool terminal);

/// Shows what a command is doing. In a terminal the line never has more columns than that (asked at each time), and stands below the
/// cursor, so that a terminal that is made narrower meanwhile takes it along and nothing of it is left over. What else is written to the
/// terminal comes after clear().
class StatusLine {
 public:
  using Write = std::function<void(const std::string&)>;
  using Columns = std::function<std::optional<std::size_t>()>;

  StatusLine(ProgressWish wish, const Clock& clock);
  /// For tests.
  StatusLine(ProgressMode mode, std::chrono::seconds between, const Clock& clock, Write write, Columns columns);

  bool shown() const { return mode_ != ProgressMode::off; }
  /// To be called often. `text` makes the text for that many columns.
  void draw(const std::function<std::string(std::size_t)>& text);
  void clear();

 private:
  ProgressMode mode_;
  std::chrono::seconds between_;  ///< lines
  const Clock& clock_;
  SteadyTime last_;
  bool drawn_ = false;
  Write write_;
  Columns columns_;
};

}  // namespace landwaiter::daemon
