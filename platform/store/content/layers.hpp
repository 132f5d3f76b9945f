// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/report/coverage.hpp"
#include "core/report/report.hpp"
#include "platform/blobs/blob_store.hpp"
#include "platform/store/schema.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace landwaiter::platform {

/// layer_report.place of a part whose bytes are in its row.
inline constexpr std::string_view kInRow = "row";

/// The zstd form of a part's JSON, and where it is: kInRow, or the name of a blob that was put before.
struct PackedPart {
  PackedPart(const Bytes& bytes) : compressed(bytes) {}
  PackedPart(const Bytes& bytes, std::string its_place) : compressed(bytes), place(std::move(its_place)) {}

  ByteView compressed;
  std::string place = std::string(kInRow);
};

/// Stores a layer's facts or report and frees its claim. The same again changes nothing. A part that is claimed now, or that is here with
/// other content, is taken only from the sensor whose job has claimed it: otherwise conflict. unavailable for a blob that is being removed
/// at this moment.
Result<void> put_layer_facts(Transaction& transaction, const Digest& layer, const Digest& walker, const Coverage& coverage,
                             const PackedPart& packed, std::string_view sensor_id, SystemTime now);
/// Also indexes the report's findings.
Result<void> put_layer_report(Transaction& transaction, const LayerReport& report, const PackedPart& packed, std::string_view sensor_id,
                              SystemTime now);

/// The ids of the layer's facts or report in the database; nothing if there is none.
std::optional<std::int64_t> layer_part_id(Transaction& transaction, std::int64_t layer_id, std::int64_t state_id);
bool has_layer_facts(Transaction& transaction, const Digest& layer, const Digest& walker);
bool has_layer_report(Transaction& transaction, const Digest& layer, const AnalysisState& of);
/// The compressed JSON; empty if there is none. `blobs` is where parts are that are not in the database; null if they all are. Errors:
/// those of a place outside.
Result<Bytes> layer_facts_bytes(Transaction& transaction, BlobStore* blobs, const Digest& layer, const Digest& walker);
Result<Bytes> layer_report_bytes(Transaction& transaction, BlobStore* blobs, const Digest& layer, const AnalysisState& of);

/// What the platform has of the layer: facts by `walker`, reports at `states`. What is not here is left out. io when something stored is
/// damaged.
Result<ScannedLayer> stored_layer(Transaction& transaction, BlobStore* blobs, const Digest& layer, const Digest& walker,
                                  std::span<const AnalysisState> states);

}  // namespace landwaiter::platform
