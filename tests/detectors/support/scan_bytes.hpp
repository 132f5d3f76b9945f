// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/engine.hpp"
#include "detectors/engine/scan_limits.hpp"

#include <memory>
#include <string>
#include <vector>

namespace landwaiter::detectors {

/// What the detectors said of one file; each finding has one occurrence, whose offset is set.
struct Scanned {
  std::vector<Finding> findings;
  std::vector<Diagnostic> diagnostics;
  std::size_t hits = 0;    ///< matches of triggers
  std::uint64_t work = 0;  ///< in units of WorkMeter
  std::uint64_t guess_rounds = 0;

  std::vector<Finding> of(FindingType type) const;
};

/// Runs detectors over one file's bytes as the program does, without an archive around them.
class FileScanner {
 public:
  explicit FileScanner(std::vector<std::unique_ptr<const Detector>> detectors);
  /// All detectors of the program, with a fixed key.
  explicit FileScanner(bool try_passwords = true);

  Scanned scan(ByteView file, std::string_view name = {}) const { return scan(file, name, ScanLimits()); }
  Scanned scan(ByteView file, std::string_view name, const ScanLimits& limits) const;
  Scanned scan(std::string_view file, std::string_view name = {}) const { return scan(as_bytes(file), name); }

 private:
  std::shared_ptr<const Engine> engine_;
};

}  // namespace landwaiter::detectors
