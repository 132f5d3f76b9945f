// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "platform/store/schema.hpp"

#include <chrono>
#include <cstdint>

namespace landwaiter::platform {

/// How long what is no longer needed is kept.
struct RetentionTerms {
  std::chrono::days reports{14};    ///< after the last sensor that would make them was seen
  std::chrono::days inventory{90};  ///< tags and images, after a listing or a scan saw them last
  std::chrono::days tokens{30};     ///< after they expired
};

/// Where a round through the tables is. Kept in memory: a new process begins a new round.
struct RetentionRound {
  std::int64_t after_report = 0;
};

struct Dropped {
  std::int64_t rows = 0;
  bool more = false;  ///< this round is not at its end, so call again soon
};

/// One small batch of a round that drops: facts and reports that no image shows and no live sensor would make now, none younger than a day
/// (an image job may be about to use them), but the newest facts of a layer that has a report which a live sensor would make are kept,
/// because with both it need not be read again; tags that no listing saw any more; images that no tag names and nobody saw; tokens that
/// expired. Findings stay, for when they were seen first and last.
Dropped drop_outdated(Transaction& transaction, RetentionRound& round, const RetentionTerms& terms, SystemTime now);

}  // namespace landwaiter::platform
