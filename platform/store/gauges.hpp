// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "platform/metrics/metrics.hpp"
#include "platform/store/schema.hpp"

namespace landwaiter::platform {

/// What metrics say of the work to do.
QueueGauges read_gauges(Transaction& transaction, SystemTime now);

}  // namespace landwaiter::platform
