// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/distribution.hpp"
#include "core/report/finding.hpp"
#include "core/report/package.hpp"

#include <cstdint>
#include <string>

namespace landwaiter::detectors {

/// What a detector or a file reader reports through: each kind of result has its section of the report. The engine fills in path,
/// archive and the name of who reports, joins what is equal, and keeps the limits, with a diagnostic for each that is met.
///
/// `offset` is a place in the bytes at hand: for a FileReader bytes from the file's start, for a Detector an index into Window::bytes.
class ReportSink {
 public:
  virtual ~ReportSink() = default;
  virtual void add(Finding finding, std::uint64_t offset) = 0;
  virtual void add(Package package, std::uint64_t offset) = 0;
  /// Of all that one layer's files say, one counts: see prefer() in core/report/distribution.hpp.
  virtual void add(Distribution distribution, std::uint64_t offset) = 0;
  /// A thing that looked like something to report and could not be read. Only for what a user would want to know.
  virtual void diagnose(ErrorCode code, std::string message, std::uint64_t offset) = 0;
};

}  // namespace landwaiter::detectors
