// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "platform/store/principal.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/vault.hpp"

#include <span>
#include <vector>

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
  AnalysisStates states;  ///< as last told; empty when never
};
Result<SensorKeys> sensor_keys(Transaction& transaction, std::string_view sensor_id);

/// No states leave those that were told before.
void note_sensor(Transaction& transaction, std::string_view sensor_id, std::string_view version, const AnalysisStates& states,
                 SystemTime now);

/// The states that sensors have now, by what those told that were seen lately (compared with the sensor that was seen last).
class FleetStates {
 public:
  explicit FleetStates(Transaction& transaction);
  /// The analyses of `states` for which the sensors have another state: they would find something else, or the same for other reasons.
  std::vector<Analysis> stale(std::span<const AnalysisState> states) const;

 private:
  std::vector<AnalysisState> told_;
};

nlohmann::json list_sensors(Transaction& transaction, std::string_view page_token, std::size_t page_size);

}  // namespace landwaiter::platform
