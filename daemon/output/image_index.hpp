// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"
#include "daemon/output/table.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// How bad an image is: how many findings that nobody accepted it has of each severity, the worst first.
using SeverityCounts = std::array<std::size_t, 5>;
SeverityCounts severity_counts(const ImageReport& image);

/// The images of one table in a list, worst first. Keeps the worst of them, however many there are.
class ImageIndex {
 public:
  void add(const ImageReport& image);
  /// Empty unless there are several images.
  std::string text(const TableStyle& style) const;

 private:
  struct Entry {
    SeverityCounts counts{};
    std::string reference;
    std::string platform;
  };
  static bool is_worse(const Entry& a, const Entry& b);

  std::vector<Entry> worst_;  ///< sorted, a bounded number
  std::size_t images_ = 0;
};

}  // namespace landwaiter::daemon
