// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/distribution.hpp"
#include "core/report/finding.hpp"
#include "core/report/package.hpp"
#include "detectors/engine/finding_index.hpp"
#include "detectors/engine/scan_limits.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::detectors {

/// The error for what is not read or not kept because the layer's memory does not suffice: "WHAT: it needs ...".
Error no_memory_for(std::string_view what);
/// The same for what is not read because the layer has brought too little work for it (ScanLimits::walk_work_base).
Error no_work_for(std::string_view what);

/// A place in a file.
struct FilePlace {
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> line{};  ///< as Occurrence::line
};

/// Places of a file, as begin and end, that do not overlap.
using OpenedPlaces = std::map<std::uint64_t, std::uint64_t>;

/// What one analysis found in one file, without its path, for the caller to take. Equal findings are one with several places. Keeps the
/// limits of a file: each that is met leaves one diagnostic.
class FileResults {
 public:
  void add(Finding finding, FilePlace place, const ScanLimits& limits);
  void add(Package package, FilePlace place, const ScanLimits& limits);
  void add(Distribution distribution, FilePlace place, const ScanLimits& limits);
  void diagnose(ErrorCode code, std::string message, const ScanLimits& limits);
  void diagnose(Diagnostic diagnostic, const ScanLimits& limits);
  /// Encrypted private keys in these places, of a file that was read to its end: nothing is added afterwards.
  void leave_out(const OpenedPlaces& places);
  void clear();
  /// The caller is about to pay for this itself, and keeps nothing else of these results.
  void hand_over(std::uint64_t memory_bytes) { memory_.give_back(memory_bytes); }

  std::vector<Finding> findings;
  std::vector<Package> packages;
  std::optional<Distribution> distribution;
  std::vector<Diagnostic> diagnostics;

 private:
  void once(bool& said, std::string message, const ScanLimits& limits);

  LeftOutDiagnostics left_out_;
  FindingIndex index_;
  MemoryShare memory_;  ///< of findings and packages
  std::uint64_t package_bytes_ = 0;
  std::uint64_t diagnostic_bytes_ = 0;
  bool too_many_findings_ = false;
  bool too_many_packages_ = false;
  bool no_memory_ = false;
};

}  // namespace landwaiter::detectors
