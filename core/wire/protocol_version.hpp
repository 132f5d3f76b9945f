// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <array>
#include <span>

namespace landwaiter::protocol {

/// The versions of the protocol between sensor and platform that this program supports, oldest first. A version is dropped only when every
/// supported release knows a newer one, so sensors may be updated after their platform. Fields may be added within a version, because
/// unknown ones are ignored.
inline constexpr std::array<int, 1> kVersions{2};

/// The platform's choice: the newest version that both sides speak. unsupported, with a sentence that says what to update.
Result<int> choose_version(std::span<const int> sensor_speaks);

/// Checks the platform's choice for the sensor. unsupported if it is not one of ours.
Result<void> check_version(int chosen);

}  // namespace landwaiter::protocol
