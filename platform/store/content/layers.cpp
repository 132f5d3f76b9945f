// SPDX-License-Identifier: Apache-2.0
#include "platform/store/content/layers.hpp"

#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/report/layer_report_text.hpp"
#include "platform/store/content/blob_garbage.hpp"
#include "platform/store/content/claims.hpp"
#include "platform/store/content/finding_index.hpp"
#include "platform/store/content/interned.hpp"
#include "storage/compress.hpp"

#include <algorithm>

namespace landwaiter::platform {
namespace {

/// A part of a layer, ready to be stored.
struct NewPart {
  const Digest& layer;
  std::int64_t layer_id = 0;
  std::int64_t state_id = 0;
  const Coverage& coverage;
  const PackedPart& packed;
};

/// What storing it did.
struct Stored {
  std::int64_t id = 0;
  bool changed = false;  ///< new, or with other content than before
};

bool same_content(ByteView a, ByteView b) {
  if (std::ranges::equal(a, b)) return true;
  // Another version of the compressor writes other bytes.
  const auto one = storage::zstd_decompress(a, limits::report_bytes_max);
  const auto other = storage::zstd_decompress(b, limits::report_bytes_max);
  return one && other && *one == *other;
}

Result<Bytes> part_bytes(Transaction& transaction, BlobStore* blobs, std::int64_t id) {
  std::string place;
  {
    Rows rows = transaction.query("SELECT place,report FROM layer_report WHERE id=?", {id});
    if (!rows.next()) return Bytes();
    place = rows.text(0);
    if (place == kInRow) return Bytes(rows.bytes(1).begin(), rows.bytes(1).end());
  }
  if (blobs != nullptr) return blobs->get(place);
  return Error(ErrorCode::io, "a layer's report is not in the database: serve with the --reports that it was stored with");
}

/// Whether the part that is here has this content. What is outside of the database has it if it has its name.
bool same_part(Transaction& transaction, std::int64_t id, const PackedPart& packed) {
  Rows rows = transaction.query("SELECT place,report FROM layer_report WHERE id=?", {id});
  if (!rows.next()) return false;
  const std::string place = rows.text(0);
  return place == kInRow ? same_content(rows.bytes(1), packed.compressed) : place == blob_name(packed.compressed);
}

// The time also changes when the content does not: a scan that is not incremental asks for what was read after its start.
Result<Stored> put_part(Transaction& transaction, const NewPart& part, std::string_view sensor_id, SystemTime now) {
  const auto holder = claim_holder(transaction, part.layer_id, part.state_id, now);
  const bool holds = holder && holder->sensor_id == sensor_id;
  const auto known = layer_part_id(transaction, part.layer_id, part.state_id);
  const bool same = known && same_part(transaction, *known, part.packed);
  if (!same && !holds && (known || holder)) {
    return Error(ErrorCode::conflict,
                 "layer " + part.layer.str() + ": " +
                     (holder ? "another sensor reads it now" : "it is known with other content; a job must claim it to read it again"));
  }
  if (holds || !holder) free_claim(transaction, part.layer_id, part.state_id);
  if (same) {
    transaction.run("UPDATE layer_report SET stored_at_us=? WHERE id=?", {to_unix_us(now), *known});
    return Stored{*known, false};
  }
  const bool in_row = part.packed.place == kInRow;
  if (known) note_blob_is_gone(transaction, *known, now);
  if (!in_row) {
    auto usable = use_blob(transaction, part.packed.place);
    if (!usable) return usable.error();
  }
  const ByteView report = part.packed.compressed;
  const std::int64_t id = transaction.number(
      "INSERT INTO layer_report(layer_id,state_id,sensor_id,stored_at_us,not_opened,incomplete,bytes,place,report)"
      " VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(layer_id,state_id) DO UPDATE SET sensor_id=excluded.sensor_id,"
      " stored_at_us=excluded.stored_at_us, not_opened=excluded.not_opened, incomplete=excluded.incomplete, bytes=excluded.bytes,"
      " place=excluded.place, report=excluded.report RETURNING id",
      {part.layer_id, part.state_id, sensor_id, to_unix_us(now), storage::bounded(part.coverage.not_opened),
       storage::bounded(part.coverage.incomplete), report.size(), part.packed.place, in_row ? Value(report) : Value(nullptr)});
  return Stored{id, true};
}

Result<std::string> decompressed(ByteView compressed, const std::string& what) {
  auto text = storage::zstd_decompress(compressed, limits::report_bytes_max);
  if (!text) return Error(ErrorCode::io, "the stored " + what + " is damaged: " + text.error().message());
  return text;
}

template <class T>
Result<T> undamaged(Result<T> value, const std::string& what) {
  if (!value) return Error(ErrorCode::io, "the stored " + what + " is damaged: " + value.error().message());
  return value;
}

std::optional<std::int64_t> part_id(Transaction& transaction, const Digest& layer, std::string_view part, const Digest& state) {
  Rows rows = transaction.query(
      "SELECT r.id FROM layer JOIN layer_report r ON r.layer_id=layer.id JOIN analysis_state s ON s.id=r.state_id"
      " WHERE layer.digest=? AND s.part=? AND s.state=?",
      {digest_key(layer), part, state});
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

Result<Bytes> bytes_of(Transaction& transaction, BlobStore* blobs, const Digest& layer, std::string_view part, const Digest& state) {
  const auto id = part_id(transaction, layer, part, state);
  return id ? part_bytes(transaction, blobs, *id) : Bytes();
}

}  // namespace

Result<void> put_layer_facts(Transaction& transaction, const Digest& layer, const Digest& walker, const Coverage& coverage,
                             const PackedPart& packed, std::string_view sensor_id, SystemTime now) {
  const NewPart part{layer, layer_id(transaction, layer), state_id(transaction, kFactsPart, walker), coverage, packed};
  const auto stored = put_part(transaction, part, sensor_id, now);
  if (!stored) return stored.error();
  return {};
}

Result<void> put_layer_report(Transaction& transaction, const LayerReport& report, const PackedPart& packed, std::string_view sensor_id,
                              SystemTime now) {
  const Coverage coverage = coverage_of(report.diagnostics);
  const NewPart part{report.layer, layer_id(transaction, report.layer),
                     state_id(transaction, to_string(report.of.analysis), report.of.state), coverage, packed};
  const auto stored = put_part(transaction, part, sensor_id, now);
  if (!stored) return stored.error();
  if (stored->changed) index_layer_findings(transaction, {stored->id, part.layer_id, part.state_id}, report.findings, now);
  return {};
}

std::optional<std::int64_t> layer_part_id(Transaction& transaction, std::int64_t layer_id, std::int64_t state_id) {
  Rows rows = transaction.query("SELECT id FROM layer_report WHERE layer_id=? AND state_id=?", {layer_id, state_id});
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

bool has_layer_facts(Transaction& transaction, const Digest& layer, const Digest& walker) {
  return part_id(transaction, layer, kFactsPart, walker).has_value();
}

bool has_layer_report(Transaction& transaction, const Digest& layer, const AnalysisState& of) {
  return part_id(transaction, layer, to_string(of.analysis), of.state).has_value();
}

Result<Bytes> layer_facts_bytes(Transaction& transaction, BlobStore* blobs, const Digest& layer, const Digest& walker) {
  return bytes_of(transaction, blobs, layer, kFactsPart, walker);
}

Result<Bytes> layer_report_bytes(Transaction& transaction, BlobStore* blobs, const Digest& layer, const AnalysisState& of) {
  return bytes_of(transaction, blobs, layer, to_string(of.analysis), of.state);
}

Result<ScannedLayer> stored_layer(Transaction& transaction, BlobStore* blobs, const Digest& layer, const Digest& walker,
                                  std::span<const AnalysisState> states) {
  ScannedLayer scanned;
  const auto packed_facts = layer_facts_bytes(transaction, blobs, layer, walker);
  if (!packed_facts) return packed_facts.error();
  if (!packed_facts->empty()) {
    const std::string what = "facts of layer " + layer.str();
    const auto text = decompressed(*packed_facts, what);
    if (!text) return text.error();
    auto facts = undamaged(parse_json_as<LayerFacts>(*text, "it", kJsonStored), what);
    if (!facts) return facts.error();
    scanned.facts = *std::move(facts);
  }
  for (const AnalysisState& of : states) {
    const auto packed = layer_report_bytes(transaction, blobs, layer, of);
    if (!packed) return packed.error();
    if (packed->empty()) continue;
    const std::string what = "report of layer " + layer.str();
    const auto text = decompressed(*packed, what);
    if (!text) return text.error();
    auto report = undamaged(parse_layer_report(*text, "it"), what);
    if (!report) return report.error();
    scanned.reports.push_back(*std::move(report));
  }
  return scanned;
}

}  // namespace landwaiter::platform
