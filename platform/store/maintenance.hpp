// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "platform/store/schema.hpp"

#include <chrono>
#include <string_view>

namespace landwaiter::platform {

/// Whether `holder` is the one that does `name`, of several processes, until now + `time`: because it is so already, or because nobody is
/// now. It is a hint that saves work: one that was stopped for longer may go on beside its successor.
bool hold_maintenance(Transaction& transaction, std::string_view name, std::string_view holder, SystemTime now, std::chrono::seconds time);

/// Ends that at once, for a process that stops.
void leave_maintenance(Transaction& transaction, std::string_view holder);

/// Fails if the database cannot write.
void probe(Transaction& transaction, SystemTime now);

}  // namespace landwaiter::platform
