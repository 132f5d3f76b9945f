// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/report/finding.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace landwaiter {

/// The paths that a layer writes, kept small: 48-bit hashes, sorted. Answers "does this layer write over that path?"
/// with no false negative; a false positive comes once in 2^48 / (number of paths) questions.
/// As JSON: base64 of the differences between neighbours, each as LEB128.
class PathSet {
 public:
  /// `is_directory` matters: a directory over a directory hides nothing, over a file it does.
  void add(std::string_view path, bool is_directory);
  /// Sorts and removes doubles; must be called after the last add and before contains.
  void seal();
  bool contains(std::string_view path, bool is_directory) const;
  std::size_t size() const { return hashes_.size(); }

  std::string encode() const;
  static Result<PathSet> decode(std::string_view text);
  bool operator==(const PathSet&) const = default;

 private:
  std::vector<std::uint64_t> hashes_;
};

/// What was done to produce a report: for progress, accounting and honest numbers.
struct ScanStats {
  std::uint64_t compressed_bytes = 0;  ///< bytes of the blob
  std::uint64_t expanded_bytes = 0;    ///< bytes of all files at the layer's first level
  std::uint64_t files = 0;             ///< regular files at the first level
  std::uint64_t archives = 0;          ///< archives inside files that were opened
  std::uint64_t nested_files = 0;      ///< files inside those
  std::uint64_t nested_bytes = 0;      ///< bytes of those

  ScanStats& operator+=(const ScanStats& other);
};

/// All findings of one layer, keyed by (layer, detector_state); exists only for a proven digest. Independent of any
/// image: occurrences carry neither layer nor deleted_by. Findings are sorted, so equal content gives equal bytes.
struct LayerReport {
  Digest layer;
  Digest detector_state;
  std::vector<Finding> findings;
  std::vector<Diagnostic> diagnostics;
  std::vector<std::string> whiteouts;           ///< paths that this layer deletes (".wh." removed)
  std::vector<std::string> opaque_directories;  ///< directories whose lower content this layer hides; "" is the root
  PathSet written;                              ///< paths that this layer writes
  ScanStats stats;
};

/// One image's facts that composing needs beside its layers' reports.
struct ImageFacts {
  std::string reference;                ///< as the user or the listing named it
  Digest digest;                        ///< of the image manifest
  std::string platform;                 ///< "linux/amd64", "linux/arm64/v8"; empty when the config does not say
  std::vector<Digest> layers;           ///< in order, lowest first; the same digest may come twice
  std::string created;                  ///< RFC 3339 from the config, may be empty
  std::vector<Diagnostic> diagnostics;  ///< of the image itself: a foreign layer, an unsupported media type
};

/// What `landwaiter scan` prints for an image, and what the platform shows.
struct ImageReport {
  ImageFacts facts;
  Digest detector_state;
  std::vector<Finding> findings;
  std::vector<Diagnostic> diagnostics;
  ScanStats stats;
  std::uint64_t layers_fetched = 0;  ///< read from the registry for this report
  std::uint64_t layers_reused = 0;   ///< known from an earlier scan
};

void to_json(nlohmann::json& out, const ScanStats& value);
void from_json(const nlohmann::json& in, ScanStats& value);
void to_json(nlohmann::json& out, const LayerReport& value);
void from_json(const nlohmann::json& in, LayerReport& value);
void to_json(nlohmann::json& out, const ImageFacts& value);
void from_json(const nlohmann::json& in, ImageFacts& value);
/// The form in docs/report.schema.json: {"reference","digest","platform","created","layers","findings",...}
void to_json(nlohmann::json& out, const ImageReport& value);

/// Joins findings of the same (type, id), sorts occurrences, drops doubles: the one normal form of a list of findings. Of those
/// joined the first of the worst gives title and attributes; the others add what it does not have, weaknesses and evidence among it.
void normalize(std::vector<Finding>& findings);

/// Lays the layers over each other. `reports` are pointers to the reports of facts.layers, one each and in that
/// order (the same report may come twice). An occurrence that a later layer deletes or overwrites gets `deleted_by`, the lowest layer that
/// does so. Private keys and certificates with the same public key get each other's ids in the attributes
/// `matching_certificates` and `matching_private_keys`. Pure; never fails.
ImageReport compose(ImageFacts facts, const Digest& detector_state, std::span<const LayerReport* const> reports);

}  // namespace landwaiter
