// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

namespace landwaiter::platform {

/// What a caller may do. A route asks for one of these.
enum class Permission : std::uint8_t {
  read,               ///< scans, images, findings, layers, exports, registries, sensors
  scan,               ///< start and cancel scans
  manage_registries,  ///< add and remove registries and their credentials
  manage_users,       ///< make and remove tokens
  sense,              ///< take jobs and report on them
  enroll,             ///< become a sensor
};

class PermissionSet {
 public:
  constexpr PermissionSet() = default;
  constexpr PermissionSet(std::initializer_list<Permission> permissions) {
    for (const Permission permission : permissions) bits_ |= bit(permission);
  }
  constexpr bool has(Permission permission) const { return (bits_ & bit(permission)) != 0; }

 private:
  static constexpr std::uint32_t bit(Permission permission) { return std::uint32_t{1} << static_cast<unsigned>(permission); }
  std::uint32_t bits_ = 0;
};

/// Who calls.
struct Principal {
  enum class Kind { user, token, sensor };
  Kind kind = Kind::token;
  std::string id;  ///< the user's, the token's, or the sensor's
  PermissionSet may;
};

}  // namespace landwaiter::platform
