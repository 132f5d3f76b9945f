// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace landwaiter {

/// Large blocks go back to the system when they are freed, whatever was allocated before: for a process that may have little memory.
void return_large_blocks();

}  // namespace landwaiter
