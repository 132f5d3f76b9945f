// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace landwaiter {

/// Large blocks go back to the system when they are freed, whatever was allocated before: for a process that may have little memory.
void return_large_blocks();

/// All threads allocate from one heap: what one of them has freed, another one uses. For a process whose threads rarely allocate at once.
/// Before the first of them starts.
void share_one_heap();

}  // namespace landwaiter
