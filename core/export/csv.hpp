// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/assess/assess.hpp"
#include "core/export/export.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace landwaiter::exports {

/// RFC 4180 with a header: one row per occurrence of each finding, worst first, then one for each part of the image that was not searched
/// (its type is "incomplete" or "not_opened", it has no severity) and for each image that could not be read ("failed"). A field that a
/// spreadsheet would execute as a formula starts with an apostrophe.
std::unique_ptr<DocumentWriter> csv_writer();
std::string csv(std::span<const ImageReport> images);

/// The same document in pieces, to be sent while it is made.
class CsvStream {
 public:
  /// Puts images and findings in order, which takes a while for large ones; next() does not.
  explicit CsvStream(std::vector<ImageReport> images);
  CsvStream(const CsvStream&) = delete;
  CsvStream& operator=(const CsvStream&) = delete;

  /// Whole rows, of `bytes` together or a row more; empty at the end.
  std::string next(std::size_t bytes);

 private:
  void append_row(std::string& out);

  std::vector<ImageReport> images_;
  std::vector<const ImageReport*> ordered_;
  std::vector<Issue> issues_;  ///< of the finding that the next row is about
  bool begun_ = false;
  std::size_t image_ = 0;
  std::size_t finding_ = 0;
  std::size_t place_ = 0;
  std::size_t diagnostic_ = 0;
};

}  // namespace landwaiter::exports
