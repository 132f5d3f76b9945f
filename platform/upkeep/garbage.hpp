// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/platform.hpp"

#include <cstdint>

namespace landwaiter::platform {

struct CollectedGarbage {
  std::int64_t rows = 0;     ///< that were dropped
  std::int64_t blobs = 0;    ///< reports outside of the database that were removed
  std::int64_t orphans = 0;  ///< such reports that no row ever named, which will be removed after a day
};

/// Drops what retention would drop by and by, now, in small batches, also beside a platform that serves; and looks for reports outside of
/// the database that no row names. `dry_run`: counts, in one transaction that is rolled back (writers wait for it), and changes nothing.
/// Errors: those of open_kept() and of the reports' place.
Result<CollectedGarbage> collect_garbage(const PlatformConfig& config, bool dry_run, const Clock& clock);

}  // namespace landwaiter::platform
