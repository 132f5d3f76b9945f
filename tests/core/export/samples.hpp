// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"

#include <vector>

namespace landwaiter::test {

/// Two images with a finding of every type, weak ones and hostile ones among them, as assess_all() leaves them on 2026-06-01.
std::vector<ImageReport> export_samples();

}  // namespace landwaiter::test
