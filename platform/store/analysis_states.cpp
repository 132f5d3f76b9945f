// SPDX-License-Identifier: Apache-2.0
#include "platform/store/analysis_states.hpp"

#include <algorithm>

namespace landwaiter::platform {

AnalysisStates analysis_states(Rows rows) {
  AnalysisStates states;
  while (rows.next()) {
    const auto analysis = analysis_from(rows.text(0));
    auto state = Digest::parse(rows.text(1));
    if (analysis && state) states.push_back({*analysis, *std::move(state)});
  }
  std::ranges::sort(states);
  return states;
}

}  // namespace landwaiter::platform
