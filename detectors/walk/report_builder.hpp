// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"
#include "detectors/engine/file_scan.hpp"
#include "detectors/engine/scan_limits.hpp"

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// A place in a layer: a file and, inside it, the entries down to the innermost.
struct Place {
  std::string path;
  std::vector<std::string> archive;
};

/// Gathers what is found in one layer, its facts and a report for each wanted analysis, and keeps each of them within its limits. Each
/// limit that is met leaves one diagnostic.
class ReportBuilder {
 public:
  ReportBuilder(const ScanLimits& limits, std::span<const Analysis> wanted);

  /// How much of each analysis there was at some time.
  struct Mark {
    ByAnalysis<std::uint64_t> findings{};
    ByAnalysis<std::size_t> packages{};
  };

  /// Takes over all that was found in a file.
  void add(Analysis analysis, FileResults& found, const Place& place);

  /// About the walk itself.
  void diagnose(ErrorCode code, std::string message, const Place& place, Effect effect);
  void diagnose(ErrorCode code, std::string message, const Place& place) { diagnose(code, std::move(message), place, effect_of(code)); }
  void diagnose(const Error& error, const Place& place) { diagnose(error.code(), error.message(), place); }
  /// Of the layer as a whole: what follows is not read.
  void diagnose_end(const Error& error) { diagnose(error.code(), error.message(), {}, Effect::incomplete); }

  void add_written(std::string_view path, bool is_directory);
  void add_whiteout(const std::string& path) { add_hidden(facts_.whiteouts, path); }
  void add_opaque_directory(const std::string& path) { add_hidden(facts_.opaque_directories, path); }
  /// `name` is another name for the file at `target`.
  void add_hard_link(const std::string& target, const std::string& name);

  std::span<const Analysis> wanted() const { return wanted_; }
  ScanStats& stats() { return facts_.stats; }
  std::size_t findings() const;
  Mark mark() const;
  /// Takes out of `found` the findings and packages that the analysis has from elsewhere since `mark`.
  void drop_known(Analysis analysis, FileResults& found, const Mark& mark) const;

  /// Sorts and completes. The builder is empty afterwards.
  ScannedLayer finish();

 private:
  /// Diagnostics up to a number.
  struct Diagnostics {
    std::vector<Diagnostic> list;
    std::uint64_t bytes = 0;
    LeftOutDiagnostics left_out;
  };
  struct Section {
    std::vector<Finding> findings;
    FindingIndex index;
    std::vector<std::uint64_t> added;  ///< of each finding: which addition to the section was its last
    std::uint64_t additions = 0;
    std::vector<Package> packages;
    std::optional<Distribution> distribution;
    Diagnostics diagnostics;
    std::uint64_t occurrences = 0;
    std::uint64_t package_places = 0;
    std::uint64_t package_bytes = 0;
    bool packages_full = false;
    bool findings_full = false;
    bool memory_full = false;
  };

  void diagnose(Diagnostics& into, Diagnostic diagnostic) const;
  void once(Diagnostics& into, bool& said, const std::string& message) const;
  static std::vector<Diagnostic> finish(Diagnostics& diagnostics);
  Section& section(Analysis analysis) { return sections_[index_of(analysis)]; }
  void add_hidden(std::vector<std::string>& list, const std::string& path);
  bool no_memory(Diagnostics& into, bool& said, std::string_view what) const;
  bool room_for_places(Section& section, std::uint64_t count);
  bool room_for_package(Section& section, const Package& package);
  void add_finding(Section& into, Finding finding, const Place& place);
  void add_packages(Section& into, FileResults& found, const Place& place);
  void copy_to_hard_links(Section& section);
  void keep_links();

  const ScanLimits& limits_;
  std::vector<Analysis> wanted_;
  LayerFacts facts_;
  Diagnostics walk_diagnostics_;
  ByAnalysis<Section> sections_;
  std::map<std::string, std::string, std::less<>> hard_links_;  ///< from link to the first name of its file
  MemoryShare memory_;                                          ///< of all that is kept here
  MemoryShare written_memory_;
  bool hidden_full_ = false;
  bool hard_links_full_ = false;
  bool written_full_ = false;
};

}  // namespace landwaiter::detectors
