// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/file_results.hpp"

#include <utility>

namespace landwaiter::detectors {
namespace {

Occurrence occurrence_at(std::uint64_t offset) { return {.path = {}, .archive = {}, .offset = offset, .layer = {}, .deleted_by = {}}; }

}  // namespace

void FileResults::once(bool& said, std::string message, const ScanLimits& limits) {
  if (!std::exchange(said, true)) diagnose(ErrorCode::limit_exceeded, std::move(message), limits);
}

void FileResults::add(Finding finding, std::uint64_t offset, const ScanLimits& limits) {
  if (findings.size() >= limits.findings_per_file_max) {
    return once(too_many_findings_,
                "more than " + std::to_string(limits.findings_per_file_max) + " findings (findings_per_file_max): the rest is left out",
                limits);
  }
  finding.occurrences.assign(1, occurrence_at(offset));
  findings.push_back(std::move(finding));
}

void FileResults::add(Package package, std::uint64_t offset, const ScanLimits& limits) {
  const auto checked = check_package(package);
  if (!checked) return diagnose(checked.error().code(), "left out: " + checked.error().message(), limits);
  const std::uint64_t bytes = text_bytes(package);
  if (packages.size() >= limits.packages_per_layer_max || package_bytes_ + bytes > landwaiter::limits::packages_bytes_max) {
    return once(too_many_packages_, "too many packages (packages_per_layer_max, packages_bytes_max): the rest is left out", limits);
  }
  package_bytes_ += bytes;
  package.occurrences.assign(1, occurrence_at(offset));
  packages.push_back(std::move(package));
}

void FileResults::add(Distribution found, std::uint64_t offset, const ScanLimits& limits) {
  const auto checked = check_distribution(found);
  if (!checked) return diagnose(checked.error().code(), "left out: " + checked.error().message(), limits);
  found.where = occurrence_at(offset);
  prefer(distribution, std::move(found));
}

void FileResults::diagnose(ErrorCode code, std::string message, const ScanLimits& limits) {
  diagnose({.code = code, .message = std::move(message), .path = {}, .archive = {}, .layer = {}}, limits);
}

void FileResults::diagnose(Diagnostic diagnostic, const ScanLimits& limits) {
  if (diagnostics.size() < limits.diagnostics_per_layer_max) return diagnostics.push_back(std::move(diagnostic));
  if (diagnostics.empty()) return;
  // The last place is for those that are left out, and what stood there is one of them.
  if (left_out_.count == 0) left_out_.add(diagnostics.back().effect);
  left_out_.add(diagnostic.effect);
  diagnostics.back() = left_out_.line();
}

void FileResults::clear() {
  findings.clear();
  packages.clear();
  distribution.reset();
  diagnostics.clear();
  left_out_ = {};
  package_bytes_ = 0;
  too_many_findings_ = too_many_packages_ = false;
}

}  // namespace landwaiter::detectors
