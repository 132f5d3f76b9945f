// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "platform/store/principal.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/vault.hpp"

namespace landwaiter::platform {

/// The key that all sensors of this platform hash unnamed secrets with: made once, kept encrypted. Also the proof that the master
/// key is the one this database was made with: error io when it is not.
Result<Secret> fleet_identity_key(Transaction& transaction, const Vault& vault);

/// Admits a sensor. An enrolment token is used up by it. A long-lived sensor token that brings the same name and public key again
/// gets the same sensor with a new bearer token; the old one ends. Errors: invalid_argument (public key), unauthorized.
Result<protocol::EnrolmentAnswer> enrol_sensor(Transaction& transaction, const Vault& vault, const Principal& by,
                                               const protocol::Enrolment& enrolment, SystemTime now);

struct SensorKeys {
  Bytes public_key;
  Digest detector_state;  ///< as last told; empty when never
};
Result<SensorKeys> sensor_keys(Transaction& transaction, std::string_view sensor_id);

void note_sensor(Transaction& transaction, std::string_view sensor_id, std::string_view version, const Digest& detector_state,
                 SystemTime now);

nlohmann::json list_sensors(Transaction& transaction, std::string_view page_token, std::size_t page_size);

}  // namespace landwaiter::platform
