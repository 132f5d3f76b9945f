// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace landwaiter::detectors {

/// The libraries that read layers, each with the version that runs.
std::vector<std::pair<std::string, std::string>> library_versions();

}  // namespace landwaiter::detectors
