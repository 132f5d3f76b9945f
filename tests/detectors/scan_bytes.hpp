// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/detector.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::detectors {

/// What the detectors said of one file; each finding has one occurrence, whose offset is set.
struct Scanned {
  std::vector<Finding> findings;
  std::vector<std::pair<std::size_t, Diagnostic>> diagnostics;
  std::size_t hits = 0;

  std::vector<Finding> of(FindingType type) const;
};

/// Runs detectors over a whole file as one window, in the way the engine's contract describes: triggers found by Vectorscan,
/// hits in the order of their ends, none inside what was consumed.
class FileScanner {
 public:
  explicit FileScanner(const std::vector<std::unique_ptr<const Detector>>& detectors);
  /// All detectors of the program, with a fixed key.
  FileScanner();
  ~FileScanner();

  Scanned scan(ByteView file) const;
  Scanned scan(std::string_view file) const { return scan(as_bytes(file)); }
  /// Matching alone: the number of hits.
  std::size_t count_hits(ByteView file) const;

 private:
  struct Database;
  std::vector<std::unique_ptr<const Detector>> owned_;
  std::vector<const Detector*> detectors_;
  std::unique_ptr<Database> database_;
};

}  // namespace landwaiter::detectors
