// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "platform/store/lease.hpp"

#include <optional>
#include <string>

namespace landwaiter::platform {

/// Divides a job's layers: those of which all is here, those that this job shall read (with the parts that are missing), and those of which
/// another job reads something that is missing. With `claim.force` what is older than the job's scan does not count.
protocol::LayerClaimAnswer claim_layers(Transaction& transaction, const LeasedJob& job, const protocol::LayerClaim& claim, SystemTime now);

/// Who reads a part of a layer now, under a lease that lasts.
struct ClaimHolder {
  std::string job_id;
  std::string sensor_id;
};
std::optional<ClaimHolder> claim_holder(Transaction& transaction, std::int64_t layer_id, std::int64_t state_id, SystemTime now);
void free_claim(Transaction& transaction, std::int64_t layer_id, std::int64_t state_id);

}  // namespace landwaiter::platform
