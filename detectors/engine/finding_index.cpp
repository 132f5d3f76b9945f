// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/finding_index.hpp"

#include "core/report/assets/key.hpp"
#include "core/report/memory.hpp"
#include "core/report/report.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace landwaiter::detectors {
namespace {

/// What the list allocates for places is paid by memory_of(Occurrence), which knows how this grows.
void append(std::vector<Occurrence>& into, std::vector<Occurrence>& from) {
  const std::size_t size = into.size() + from.size();
  if (size > into.capacity()) into.reserve(size + size / 4);
  into.insert(into.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

FindingIndex::Key FindingIndex::key_of(const Finding& finding) {
  return {finding.type, finding.id, finding.severity, assets::is_encrypted(finding)};
}

std::size_t FindingIndex::add(std::vector<Finding>& list, Finding finding, MemoryShare& share) {
  const std::uint64_t facts = memory_of_facts(finding);
  if (!share.keep(memory_of(finding))) return list.size();
  const auto [known, fresh] = places_.try_emplace(key_of(finding), list.size());
  if (fresh) {
    list.push_back(std::move(finding));
    return known->second;
  }
  Finding& into = list[known->second];
  std::uint64_t added = 0;
  if (into.attributes != finding.attributes) {
    const std::uint64_t before = memory_of_facts(into);
    join_attributes(into.attributes, finding.attributes);
    added = memory_of_facts(into) - before;
  }
  append(into.occurrences, finding.occurrences);
  share.give_back(facts - std::min(facts, added));
  return known->second;
}

void FindingIndex::each(FindingType type, const std::string& id, const std::function<void(std::size_t)>& visit) const {
  for (auto at = places_.lower_bound({type, id, Severity::info, false}); at != places_.end(); ++at) {
    if (std::get<0>(at->first) != type || std::get<1>(at->first) != id) return;
    visit(at->second);
  }
}

}  // namespace landwaiter::detectors
