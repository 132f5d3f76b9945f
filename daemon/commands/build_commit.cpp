// SPDX-License-Identifier: Apache-2.0
// A file of its own, because it is compiled again with every commit.
#include "daemon/commands/build_commit.hpp"

namespace landwaiter::daemon {

const char* build_commit() { return LANDWAITER_COMMIT; }

}  // namespace landwaiter::daemon
