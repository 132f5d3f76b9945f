// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"
#include "detectors/engine/scan_limits.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// Where in a layer: a file and, inside it, the entries down to the one meant.
struct Place {
  std::string path;
  std::vector<std::string> archive;
};

/// Gathers one layer's report and keeps it within its limits. Each limit that is met leaves one diagnostic.
class ReportBuilder {
 public:
  explicit ReportBuilder(const ScanLimits& limits) : limits_(limits) {}

  void add_findings(std::vector<Finding>& findings, const Place& place);
  void add_diagnostics(std::vector<Diagnostic>& diagnostics, const Place& place);
  void diagnose(ErrorCode code, std::string message, const Place& place);
  void diagnose(const Error& error, const Place& place) { diagnose(error.code(), error.message(), place); }

  void add_written(std::string_view path, bool is_directory) { report_.written.add(path, is_directory); }
  void add_whiteout(const std::string& path) { add_hidden(report_.whiteouts, path); }
  void add_opaque_directory(const std::string& path) { add_hidden(report_.opaque_directories, path); }
  /// `name` is another name for the file at `target`.
  void add_hard_link(const std::string& target, const std::string& name);

  ScanStats& stats() { return report_.stats; }
  std::size_t findings() const { return report_.findings.size(); }
  /// The type and id of all findings from number `first` on.
  std::set<std::pair<FindingType, std::string>> known_since(std::size_t first) const;

  /// Sorts and completes. The builder is empty afterwards.
  LayerReport finish();

 private:
  void add_hidden(std::vector<std::string>& list, const std::string& path);
  bool room_for_place(const Place& place);
  void copy_to_hard_links();
  void once(bool& said, const std::string& message);

  const ScanLimits& limits_;
  LayerReport report_;
  std::map<std::string, std::string, std::less<>> hard_links_;  ///< from link to the first name of its file
  std::uint64_t occurrences_ = 0;
  std::uint64_t hard_link_bytes_ = 0;
  std::uint64_t hidden_bytes_ = 0;
  std::uint64_t place_bytes_ = 0;
  std::uint64_t diagnostics_dropped_ = 0;
  bool findings_full_ = false;
  bool places_full_ = false;
  bool hidden_full_ = false;
  bool hard_links_full_ = false;
};

}  // namespace landwaiter::detectors
