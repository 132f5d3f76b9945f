// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "platform/store/schema.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Blobs that no row names any more. They stay for a while: somebody may be about to read one, and a backup may name it. A blob is removed
/// outside of any transaction, so it is marked before, and a marked one is not named again.
namespace landwaiter::platform {

/// To be called before this row of layer_report is deleted or gets another place.
void note_blob_is_gone(Transaction& transaction, std::int64_t report_id, SystemTime now);

/// A row is about to name it. Error: unavailable while it is being removed.
Result<void> use_blob(Transaction& transaction, std::string_view name);

/// Marks some that no row has named for that long, and returns them, with those that were marked before and whose removal was interrupted.
std::vector<std::string> take_garbage(Transaction& transaction, SystemTime gone_before, std::size_t count_max);

/// They have been removed.
void forget_garbage(Transaction& transaction, std::span<const std::string> names);

/// Of these blobs, those that no row names become garbage now. How many did.
std::int64_t note_orphans(Transaction& transaction, std::span<const std::string> names, SystemTime now);

}  // namespace landwaiter::platform
