// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/result.hpp"
#include "core/wire/protocol.hpp"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace landwaiter::daemon {

/// Which images of a registry are meant, as the command line says it.
struct WalkFilter {
  protocol::ListWork work;  ///< names, platforms and how many; without times
  std::string pushed;       ///< as for parse_window(); empty for any time
  std::string utc_offset;   ///< time zone of the days in `pushed`; empty for UTC

  /// The options for it, but `--platform`.
  void add_to(CLI::App& command);
  /// Whether anything but a platform is chosen.
  bool chooses() const;
  /// What a walk at this time needs. Errors: invalid_argument, of which option it is.
  Result<protocol::ListWork> at(SystemTime now) const;
};

/// What images are mostly built for, for a shell to complete.
std::vector<std::string> usual_platforms();

}  // namespace landwaiter::daemon
