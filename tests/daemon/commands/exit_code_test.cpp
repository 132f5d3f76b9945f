// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/exit_code.hpp"

#include "tests/support/catch.hpp"

using namespace landwaiter::daemon;

TEST_CASE("of several reasons for an exit code the weightiest is told", "[commands]") {
  const auto code = [](bool stopped, bool rule_met, bool unread) {
    CommandEnd end;
    end.stopped = stopped;
    end.rule_met = rule_met;
    end.unread = unread;
    return exit_code(end);
  };
  CHECK(code(false, false, false) == 0);
  CHECK(code(false, false, true) == 3);
  CHECK(code(false, true, false) == 1);
  // A gate that waits for 1 must not be passed because of an unread image.
  CHECK(code(false, true, true) == 1);
  CHECK(code(true, true, true) == 130);
  CHECK(code(true, false, false) == 130);
}
