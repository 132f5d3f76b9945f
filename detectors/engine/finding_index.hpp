// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/memory_meter.hpp"
#include "core/report/finding.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace landwaiter::detectors {

/// Joins equal findings as they come, so that a copy costs no more than its places. Equal are those of one type, id and severity, and
/// either encrypted or not: which of them wins, and what it takes over from the others, normalize() decides at the end.
class FindingIndex {
 public:
  /// Puts the finding into `list`, which only this index adds to, or joins it with the one that it equals; `share` pays. Returns where it
  /// is, or the list's size if there is no memory for it.
  std::size_t add(std::vector<Finding>& list, Finding finding, MemoryShare& share);
  /// Where the findings of this type and id are, of all severities.
  void each(FindingType type, const std::string& id, const std::function<void(std::size_t)>& visit) const;
  bool knows(const Finding& finding) const { return places_.contains(key_of(finding)); }
  void clear() { places_.clear(); }

 private:
  using Key = std::tuple<FindingType, std::string, Severity, bool>;
  static Key key_of(const Finding& finding);

  std::map<Key, std::size_t> places_;
};

}  // namespace landwaiter::detectors
