// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"
#include "core/base/secret.hpp"

#include <filesystem>
#include <string>

namespace landwaiter::daemon {

/// Who this sensor is: made at enrollment, kept in `state_directory`/sensor.key (mode 0600, replaced atomically), as an SSH
/// host key would be. The platform's token and the private key never go anywhere else.
struct SensorIdentity {
  std::string sensor_id;
  Secret token;            ///< this sensor's id at the platform
  Secret private_key;      ///< X25519, raw 32 bytes: opens sealed credentials
  std::string public_key;  ///< base64

  bool enrolled() const { return !sensor_id.empty(); }
};

/// Makes the key pair; not yet enrolled.
SensorIdentity new_identity();
/// Not enrolled if there is no file. Makes the folder. Error: io (also for a folder or file that others may write to), malformed.
Result<SensorIdentity> load_identity(const std::filesystem::path& state_directory);
Result<void> save_identity(const std::filesystem::path& state_directory, const SensorIdentity& identity);

/// Opens what crypto_box_seal made for our public key (libsodium: X25519, XSalsa20-Poly1305).
Result<Secret> open_sealed(const SensorIdentity& identity, const std::string& sealed_base64);

/// 32 random bytes in hexadecimal.
Secret random_key();

}  // namespace landwaiter::daemon
