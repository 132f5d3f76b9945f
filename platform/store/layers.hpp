// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "platform/store/lease.hpp"

#include <optional>

namespace landwaiter::platform {

/// Divides a job's layers: those whose report is here, those that this job shall read, those that another job reads. With
/// `claim.force` a report older than the job's scan does not count.
protocol::LayerClaimAnswer claim_layers(Transaction& transaction, const LeasedJob& job, const protocol::LayerClaim& claim, SystemTime now);

/// Stores a report with its findings and frees its claim. `compressed` is the zstd form of its JSON. The same again changes nothing.
void put_layer_report(Transaction& transaction, const LayerReport& report, ByteView compressed, SystemTime now);

/// The report's id in the database; nothing when it is not here.
std::optional<std::int64_t> layer_report_id(Transaction& transaction, const Digest& layer, const Digest& detector_state);
/// The compressed JSON; empty when it is not here.
Bytes layer_report_bytes(Transaction& transaction, const Digest& layer, const Digest& detector_state);

/// The inverse of the stored form. io when the stored bytes are damaged.
Result<LayerReport> decode_layer_report(ByteView compressed, const Digest& layer);

}  // namespace landwaiter::platform
