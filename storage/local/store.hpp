// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/report/manifest_facts.hpp"
#include "core/report/report.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::storage {

/// How long the sensor and the commands keep what nothing has used.
inline constexpr std::chrono::days kUnusedKept{90};

/// An image that was completely scanned.
struct ImageRecord {
  ImageFacts facts;  ///< facts.digest is the key: the record of a later scan replaces it
  EngineState engine;
  SystemTime scanned_at;
};

/// Something that must reach the platform; kept until the platform has accepted it.
struct OutboxItem {
  std::int64_t id = 0;
  std::string kind;  ///< "facts", "report", "complete", "fail"
  std::string key;   ///< (kind, key) is unique: writing it again replaces it
  std::string payload;
};

/// What a listing wants to keep.
struct ListingNotes {
  std::vector<ManifestFacts> manifests;
  std::vector<std::string> repositories;  ///< listed completely; named with their registries
};

/// The sensor's memory: what was scanned at which states, and what still has to be told. One SQLite file (WAL), one writer. Each call is
/// one transaction and survives a kill -9 once it has returned. Not thread-safe: one thread owns it. Errors: io with SQLite's message and
/// the file's name.
class Store {
 public:
  /// Opens or makes `directory`/landwaiter.db (directory mode 0700, file 0600), migrating an older schema. io for a file of a version
  /// that is too old, with what to do about it.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& directory);
  /// Without a state folder: in a temporary file, which ends with the object.
  static Result<std::unique_ptr<Store>> open_temporary();
  /// For tests.
  static Result<std::unique_ptr<Store>> open_in_memory();
  ~Store();

  Result<std::optional<LayerFacts>> layer_facts(const Digest& layer, const Digest& walker);
  Result<std::optional<LayerReport>> layer_report(const Digest& layer, const AnalysisState& of);
  /// What cannot be read does not count as known any more once it is forgotten.
  Result<void> forget_facts(const Digest& layer, const Digest& walker);
  Result<void> forget_report(const Digest& layer, const AnalysisState& of);
  Result<void> forget_layer(const Digest& layer, const EngineState& engine);
  /// Facts and all reports of the layer; nothing when one of them is not there.
  Result<std::optional<ScannedLayer>> layer(const Digest& layer, const EngineState& engine);
  /// The length of these reports as text, known without reading them; 0 for what is not there.
  Result<std::uint64_t> reports_bytes(const Digest& layer, const EngineState& engine);
  /// What `engine` would have to read of the layer.
  Result<LayerParts> missing_parts(const Digest& layer, const EngineState& engine);
  Result<void> put_layer(const ScannedLayer& layer, SystemTime now);

  Result<std::optional<ImageRecord>> image(const Digest& digest, const EngineState& engine);
  Result<void> put_image(const ImageRecord& record);

  /// Small named values: the sensor's id, token (sealed by the caller).
  Result<std::optional<std::string>> value(std::string_view name);
  Result<void> put_value(std::string_view name, std::string_view value);

  /// Writes something of no meaning, as proof that writing works.
  Result<void> probe();

  Result<void> enqueue(const OutboxItem& item);
  /// Oldest first. One whose payload is damaged comes without it: an error would keep back all the others.
  Result<std::vector<OutboxItem>> outbox(std::size_t count_max);
  Result<void> acknowledge(std::int64_t id);

  /// Those of `digests` that are known; finding one is a use of it.
  Result<std::vector<ManifestFacts>> manifests(const std::vector<Digest>& digests, SystemTime now);
  /// Whether a listing has walked the repository before.
  Result<bool> repository_walked(std::string_view repository, SystemTime now);
  Result<void> put_listing(const ListingNotes& notes, SystemTime now);
  /// Forgets manifests and repositories that no listing saw since `before`.
  Result<void> prune_listings(SystemTime before);

  /// Drops reports, facts and images that were not used since `before`, prunes listings too, then gives the space back. The rule is the
  /// same for all states: what is outdated for this process may be what another scan with other options reads from the same folder now,
  /// and a short grace would not help it, because reading is not noted as a use. After an update, what the old version stored therefore
  /// takes space until then.
  Result<void> prune(SystemTime before);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::storage
