// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace landwaiter::daemon {

/// What the options of a command are about, in the order in which its help shows them.
inline constexpr const char* kImagesGroup = "Images";
inline constexpr const char* kOutputGroup = "Output";
inline constexpr const char* kJudgingGroup = "Judging";
inline constexpr const char* kSpeedGroup = "Speed and memory";
inline constexpr const char* kLoginGroup = "Login";
inline constexpr const char* kNetworkGroup = "TLS and proxy";
}  // namespace landwaiter::daemon
