// SPDX-License-Identifier: Apache-2.0
#include "core/os/heap.hpp"

#include <malloc.h>

namespace landwaiter {

void return_large_blocks() {
#ifdef __GLIBC__
  // Otherwise glibc raises its threshold with each block that is freed, and then holds what lies below a small one that stays.
  constexpr int kLargeBytes = 256 * 1024;
  constexpr int kKeptBytes = 1024 * 1024;
  mallopt(M_MMAP_THRESHOLD, kLargeBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
#endif
}

void share_one_heap() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace landwaiter
