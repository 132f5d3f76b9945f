// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/report/analysis.hpp"
#include "core/report/distribution.hpp"
#include "core/report/finding.hpp"
#include "core/report/package.hpp"
#include "core/report/path_set.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter {

/// What was done to produce a report: for progress and accounting.
struct ScanStats {
  std::uint64_t compressed_bytes = 0;  ///< bytes of the blob
  std::uint64_t expanded_bytes = 0;    ///< bytes of all files at the layer's first level
  std::uint64_t files = 0;             ///< regular files at the first level
  std::uint64_t archives = 0;          ///< archives inside files that were opened
  std::uint64_t nested_files = 0;      ///< files inside those
  std::uint64_t nested_bytes = 0;      ///< bytes of those

  ScanStats& operator+=(const ScanStats& other);
};

/// Another name of a file that a lower layer holds.
struct HardLink {
  std::string path;
  std::string target;

  bool operator==(const HardLink&) const = default;
};

/// What the walk through a layer found out, whatever was searched for; keyed by (layer, walker). Composing needs it.
struct LayerFacts {
  Digest layer;
  Digest walker;                                ///< the walker's version; part of every analysis' state
  std::vector<std::string> whiteouts;           ///< paths that this layer deletes (".wh." removed)
  std::vector<std::string> opaque_directories;  ///< directories whose lower content this layer hides; "" is the root
  PathSet written;                              ///< paths that this layer writes
  std::vector<HardLink> links;                  ///< those to files that are not in this layer
  ScanStats stats;
  std::vector<Diagnostic> diagnostics;  ///< of the walk itself: damage, limits, archives that could not be opened
};

/// What one analysis found in one layer, keyed by (layer, analysis, state); exists only for a verified digest. Independent of any image:
/// occurrences carry neither layer nor deleted_by. Each section is sorted, so equal content gives equal bytes.
struct LayerReport {
  Digest layer;
  AnalysisState of;
  std::vector<Finding> findings;
  std::vector<Package> packages;
  std::optional<Distribution> distribution;  ///< when the layer has an os-release
  std::vector<Diagnostic> diagnostics;       ///< of this analysis' detectors and readers
};

/// A layer that was read once: its facts, and a report for each analysis that was wanted.
struct ScannedLayer {
  LayerFacts facts;
  std::vector<LayerReport> reports;
};

/// One image's facts that composing needs beside its layers' reports.
struct ImageFacts {
  std::string reference;                ///< as the user or the listing named it
  Digest digest;                        ///< of the image manifest
  std::string platform;                 ///< "linux/amd64", "linux/arm64/v8"; empty when the config does not say
  std::vector<Digest> layers;           ///< in order, lowest first; the same digest may come twice
  std::string created;                  ///< RFC 3339 from the config, may be empty
  std::vector<Diagnostic> diagnostics;  ///< of the image itself: a foreign layer, an unsupported media type
  std::vector<Finding> findings{};      ///< of the image itself, in its config or manifest
  /// For each of `layers` the instruction that made it, as shown_instruction() shows it; empty when the config does not say.
  std::vector<std::string> created_by{};
  Digest documents_state{};  ///< what `findings` were made by: another state would find something else

  /// Counted from 1; for a layer that appears twice, the upper one. 0 if the image does not have it.
  std::size_t layer_number(const Digest& layer) const;
  /// Of `created_by` what made the layer; empty when it is not known.
  std::string instruction_of(const Digest& layer) const;
};

/// What `landwaiter scan` prints for an image, and what the platform shows.
struct ImageReport {
  ImageFacts facts;
  AnalysisStates states;        ///< that the findings were made with
  std::vector<Analysis> stale;  ///< of those, the ones that no sensor has any more; only a platform knows
  std::vector<Finding> findings;
  std::vector<Package> packages;             ///< of files that no later layer deletes or overwrites
  std::optional<Distribution> distribution;  ///< the highest layer's that no later layer deletes or overwrites
  std::vector<Diagnostic> diagnostics;
  ScanStats stats;
  std::uint64_t layers_fetched = 0;  ///< read from the registry for this report
  std::uint64_t layers_reused = 0;   ///< known from an earlier scan
};

void to_json(nlohmann::json& out, const ScanStats& value);
void from_json(const nlohmann::json& in, ScanStats& value);
void to_json(nlohmann::json& out, const LayerFacts& value);
void from_json(const nlohmann::json& in, LayerFacts& value);
void to_json(nlohmann::json& out, const LayerReport& value);
void from_json(const nlohmann::json& in, LayerReport& value);
void to_json(nlohmann::json& out, const ImageFacts& value);
void from_json(const nlohmann::json& in, ImageFacts& value);
/// The form in docs/report.schema.json: {"reference","digest","platform","created","layers","findings",...}
void to_json(nlohmann::json& out, const ImageReport& value);

/// What `from` knows about the same asset and `into` does not; places apart.
void join_attributes(nlohmann::json& into, const nlohmann::json& from);

/// Joins findings of the same (type, id), sorts occurrences, removes duplicates: the normal form of a list of findings. Of these the
/// worst, and then one in clear, provides title and attributes; the others add what it lacks, including weaknesses and evidence.
void normalize(std::vector<Finding>& findings);

}  // namespace landwaiter
