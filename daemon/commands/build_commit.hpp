// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace landwaiter::daemon {

/// The commit that this program was built from; empty if the build does not know.
const char* build_commit();

}  // namespace landwaiter::daemon
