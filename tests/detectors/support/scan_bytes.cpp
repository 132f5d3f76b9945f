// SPDX-License-Identifier: Apache-2.0
#include "tests/detectors/support/scan_bytes.hpp"

#include "detectors/engine/file_scan.hpp"

#include <algorithm>
#include <stdexcept>

namespace landwaiter::detectors {
namespace {

DetectorContext context(bool try_passwords) { return {.try_passwords = try_passwords}; }

template <class Made>
std::shared_ptr<const Engine> made(Made engine) {
  if (!engine) throw std::runtime_error(engine.error().message());
  return *std::move(engine);
}

}  // namespace

std::vector<Finding> Scanned::of(FindingType type) const {
  std::vector<Finding> out;
  std::ranges::copy_if(findings, std::back_inserter(out), [&](const Finding& finding) { return finding.type == type; });
  return out;
}

FileScanner::FileScanner(bool try_passwords) : engine_(made(Engine::create(context(try_passwords)))) {}

FileScanner::FileScanner(std::vector<std::unique_ptr<const Detector>> detectors)
    : engine_(made(Engine::create(context(true), std::move(detectors)))) {}

Scanned FileScanner::scan(ByteView file, std::string_view name, const ScanLimits& limits) const {
  FileScanMemory memory(engine_->impl());
  memory.begin_layer(kAllAnalyses, limits);
  Scanned out;
  std::vector<Prefilter::Match> matches;
  ByAnalysis<Prefilter::Group> groups;
  groups.fill({.wanted = true, .room = limits.triggers_per_file_max});
  engine_->impl().prefilter.scan(file, memory.scratch, matches, engine_->impl().groups, groups);
  out.hits = matches.size();
  FileScan scan(engine_->impl(), memory, limits);
  scan.reset(name);
  scan.push(file);
  scan.finish();
  out.findings = std::move(scan.found(Analysis::cryptography).findings);
  out.diagnostics = std::move(scan.found(Analysis::cryptography).diagnostics);
  out.work = memory.work[index_of(Analysis::cryptography)].used();
  out.guess_rounds = memory.guess_rounds_used;
  return out;
}

}  // namespace landwaiter::detectors
