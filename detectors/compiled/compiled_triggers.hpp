// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/prefilter.hpp"

namespace landwaiter::detectors {

/// The triggers of all detectors as one database, written by main.cpp of this folder during the build. Empty where it could not run.
Prefilter::Compiled compiled_triggers();

}  // namespace landwaiter::detectors
