// SPDX-License-Identifier: Apache-2.0
#include "core/wire/protocol_version.hpp"

#include <algorithm>
#include <string>

namespace landwaiter::protocol {
namespace {

/// Only the range of each side is reported: the other side's list may be of any length.
std::string range(std::span<const int> list) {
  if (list.empty()) return "no version";
  const auto [oldest, newest] = std::ranges::minmax(list);
  if (oldest == newest) return "version " + std::to_string(oldest);
  return "versions " + std::to_string(oldest) + " to " + std::to_string(newest);
}

}  // namespace

Result<int> choose_version(std::span<const int> sensor_speaks) {
  int chosen = 0;
  for (const int version : kVersions) {
    if (std::ranges::find(sensor_speaks, version) != sensor_speaks.end()) chosen = version;
  }
  if (chosen != 0) return chosen;
  const bool sensor_is_newer = !sensor_speaks.empty() && std::ranges::min(sensor_speaks) > kVersions.back();
  return Error(ErrorCode::unsupported, "this platform speaks " + range(kVersions) + " of the sensor protocol, the sensor " +
                                           range(sensor_speaks) + ": update the " + (sensor_is_newer ? "platform" : "sensor"));
}

Result<void> check_version(int chosen) {
  if (std::ranges::find(kVersions, chosen) != kVersions.end()) return {};
  return Error(ErrorCode::unsupported, "the platform speaks version " + std::to_string(chosen) + " of the sensor protocol, this sensor " +
                                           range(kVersions) + ": update the " + (chosen > kVersions.back() ? "sensor" : "platform"));
}

}  // namespace landwaiter::protocol
