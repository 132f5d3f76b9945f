// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/analysis.hpp"
#include "platform/store/schema.hpp"

namespace landwaiter::platform {

/// What a query of (analysis, state) gives. Analyses that this version does not know are left out.
AnalysisStates analysis_states(Rows rows);

}  // namespace landwaiter::platform
