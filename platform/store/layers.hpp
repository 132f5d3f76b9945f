// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/coverage.hpp"
#include "core/wire/protocol.hpp"
#include "platform/store/lease.hpp"

#include <optional>
#include <span>

namespace landwaiter::platform {

/// Divides a job's layers: those of which all is here, those that this job shall read (with the parts that are missing), and those of which
/// another job reads something that is missing. With `claim.force` what is older than the job's scan does not count.
protocol::LayerClaimAnswer claim_layers(Transaction& transaction, const LeasedJob& job, const protocol::LayerClaim& claim, SystemTime now);

/// Stores a layer's facts and frees their claim. `compressed` is the zstd form of their JSON. Repeating it changes nothing.
void put_layer_facts(Transaction& transaction, const Digest& layer, const Digest& walker, const Coverage& coverage, ByteView compressed,
                     SystemTime now);
/// Stores a report with its findings and frees its claim. `compressed` is the zstd form of its JSON. The same again changes nothing; a
/// finding that was seen before keeps the time when it was seen first.
void put_layer_report(Transaction& transaction, const LayerReport& report, ByteView compressed, SystemTime now);

/// Stores what a finding is, without its places; its id in the database. One that was seen before keeps the time when it was seen first.
std::int64_t put_finding(Transaction& transaction, const Finding& finding, SystemTime now);

bool has_layer_facts(Transaction& transaction, const Digest& layer, const Digest& walker);
/// The report's id in the database; nothing if there is none.
std::optional<std::int64_t> layer_report_id(Transaction& transaction, const Digest& layer, const AnalysisState& of);
/// The compressed JSON; empty if there is none.
Bytes layer_facts_bytes(Transaction& transaction, const Digest& layer, const Digest& walker);
Bytes layer_report_bytes(Transaction& transaction, const Digest& layer, const AnalysisState& of);

/// What the platform has of the layer: facts by `walker`, reports at `states`. What is not here is left out. io when something stored is
/// damaged.
Result<ScannedLayer> stored_layer(Transaction& transaction, const Digest& layer, const Digest& walker,
                                  std::span<const AnalysisState> states);

/// Drops reports that no image shows and no live sensor (seen in the last 30 days) would make now, analysis by analysis. Drops facts that
/// no image needs, except the newest of a layer that has a report which a live sensor would make: with both it need not be read again. At
/// most `count_max` of each, none younger than a day (an image job may be about to use them). The number of what was dropped.
std::int64_t prune_layers(Transaction& transaction, std::size_t count_max, SystemTime now);

}  // namespace landwaiter::platform
