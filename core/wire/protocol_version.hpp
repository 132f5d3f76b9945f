// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <array>
#include <span>

namespace landwaiter::protocol {

/// The versions of the protocol between sensor and platform that this program speaks, oldest first. A version is dropped only when no
/// supported release speaks nothing newer: then sensors may be updated after their platform. Within a version fields may be added,
/// because unknown ones are ignored.
inline constexpr std::array<int, 1> versions{2};

/// The platform's choice: the newest version that both sides speak. unsupported, with a sentence that says what to update.
Result<int> choose_version(std::span<const int> sensor_speaks);

/// The sensor's look at the platform's choice. unsupported when it is none of ours.
Result<void> check_version(int chosen);

}  // namespace landwaiter::protocol
