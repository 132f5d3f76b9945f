// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/file_results.hpp"

#include "core/report/attribute_names.hpp"
#include "core/report/memory.hpp"

#include <iterator>
#include <utility>

namespace landwaiter::detectors {
namespace {

/// Text of one file's diagnostics, which many files may hold at once: one for each archive around another.
constexpr std::uint64_t kDiagnosticBytesMax = 64 * landwaiter::limits::KiB;

constexpr const char* kMoreFindings = "what else was found in this file is left out";

Occurrence occurrence_at(const FilePlace& place) {
  Occurrence occurrence;
  occurrence.offset = place.offset;
  occurrence.line = place.line;
  return occurrence;
}

}  // namespace

Error no_memory_for(std::string_view what) {
  return {ErrorCode::limit_exceeded, std::string(what) + ": reading this layer needs more memory than one worker may use (--memory)"};
}

Error no_work_for(std::string_view what) {
  return {ErrorCode::limit_exceeded,
          std::string(what) + ": opening what this layer holds takes too much work for its size (walk_work_base, walk_work_per_byte)"};
}

void FileResults::once(bool& said, std::string message, const ScanLimits& limits) {
  if (!std::exchange(said, true)) diagnose(ErrorCode::limit_exceeded, std::move(message), limits);
}

void FileResults::add(Finding finding, FilePlace place, const ScanLimits& limits) {
  if (findings.size() >= limits.findings_per_file_max && !index_.knows(finding)) {
    return once(too_many_findings_,
                "more than " + std::to_string(limits.findings_per_file_max) + " findings (findings_per_file_max): the rest is left out",
                limits);
  }
  finding.occurrences.assign(1, occurrence_at(place));
  if (index_.add(findings, std::move(finding), memory_) == findings.size())
    once(no_memory_, no_memory_for(kMoreFindings).message(), limits);
}

void FileResults::add(Package package, FilePlace place, const ScanLimits& limits) {
  const auto checked = check_package(package);
  if (!checked) return diagnose(checked.error().code(), "left out: " + checked.error().message(), limits);
  const std::uint64_t bytes = text_bytes(package);
  if (packages.size() >= limits.packages_per_layer_max || package_bytes_ + bytes > landwaiter::limits::packages_bytes_max) {
    return once(too_many_packages_, "too many packages (packages_per_layer_max, packages_bytes_max): the rest is left out", limits);
  }
  if (!memory_.keep(memory_of(package))) return once(no_memory_, no_memory_for(kMoreFindings).message(), limits);
  package_bytes_ += bytes;
  package.occurrences.assign(1, occurrence_at(place));
  packages.push_back(std::move(package));
}

void FileResults::add(Distribution found, FilePlace place, const ScanLimits& limits) {
  const auto checked = check_distribution(found);
  if (!checked) return diagnose(checked.error().code(), "left out: " + checked.error().message(), limits);
  found.where = occurrence_at(place);
  prefer(distribution, std::move(found));
}

void FileResults::diagnose(ErrorCode code, std::string message, const ScanLimits& limits) {
  diagnose({.code = code, .message = std::move(message), .path = {}, .archive = {}, .layer = {}}, limits);
}

void FileResults::diagnose(Diagnostic diagnostic, const ScanLimits& limits) {
  const std::uint64_t bytes = sizeof diagnostic + diagnostic.message.size();
  if (diagnostics.size() < limits.diagnostics_per_layer_max && diagnostic_bytes_ + bytes <= kDiagnosticBytesMax) {
    diagnostic_bytes_ += bytes;
    return diagnostics.push_back(std::move(diagnostic));
  }
  if (diagnostics.empty()) return;
  // The last place is for those that are left out, and what stood there is one of them.
  if (left_out_.count == 0) left_out_.add(diagnostics.back().effect);
  left_out_.add(diagnostic.effect);
  diagnostics.back() = left_out_.line();
}

void FileResults::leave_out(const OpenedPlaces& places) {
  const auto inside = [&](const Occurrence& occurrence) {
    const auto after = places.upper_bound(occurrence.offset);
    return after != places.begin() && occurrence.offset < std::prev(after)->second;
  };
  std::erase_if(findings, [&](Finding& finding) {
    // What was opened names its store.
    const bool encrypted = finding.type == FindingType::private_key && finding.attributes.value(attribute::encrypted, false);
    if (!encrypted || finding.attributes.contains(attribute::keystore)) return false;
    std::erase_if(finding.occurrences, inside);
    return finding.occurrences.empty();
  });
}

void FileResults::clear() {
  findings.clear();
  packages.clear();
  distribution.reset();
  diagnostics.clear();
  left_out_ = {};
  index_.clear();
  memory_.clear();
  package_bytes_ = diagnostic_bytes_ = 0;
  too_many_findings_ = too_many_packages_ = no_memory_ = false;
}

}  // namespace landwaiter::detectors
