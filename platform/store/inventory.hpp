// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "platform/store/lease.hpp"
#include "platform/store/sensors.hpp"

namespace landwaiter::platform {

/// Stores a page of a listing: its items, its cursor and the resulting image jobs (one per digest in a scan), all in the caller's
/// transaction. The same page again changes nothing. In an incremental scan an image that is known at all of the sensor's states is
/// "unchanged" immediately. The last page ends the job. Errors: malformed, limit_exceeded. True if jobs were queued.
Result<bool> store_inventory(Transaction& transaction, const LeasedJob& job, const protocol::InventoryPage& page, const SensorKeys& sensor,
                             SystemTime now);

}  // namespace landwaiter::platform
