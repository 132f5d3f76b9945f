// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "platform/store/principal.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/vault.hpp"

#include <span>
#include <vector>

namespace landwaiter::platform {

/// Proves that the master key belongs to this database, by a value that it encrypted when the database was new: error io if not.
Result<void> check_master_key(Transaction& transaction, const Vault& vault);

/// Admits a sensor. This consumes an enrollment token. A long-lived sensor token with the same name and public key again gets the same
/// sensor with a new bearer token; the old one becomes invalid. Errors: invalid_argument (public key), unauthorized.
Result<protocol::EnrollmentAnswer> enroll_sensor(Transaction& transaction, const Principal& by, const protocol::Enrollment& enrollment,
                                                 SystemTime now);

struct SensorKeys {
  Bytes public_key;
  AnalysisStates states;   ///< as last reported; empty if never
  Digest documents_state;  ///< as last reported; empty if never, and from an older sensor
};
Result<SensorKeys> sensor_keys(Transaction& transaction, std::string_view sensor_id);

/// An empty list keeps the states reported before.
void note_sensor(Transaction& transaction, std::string_view sensor_id, std::string_view version, const AnalysisStates& states,
                 SystemTime now);

void note_documents_state(Transaction& transaction, std::string_view sensor_id, const Digest& documents_state);

/// The current states of the sensors, as reported by those seen recently (compared with the sensor that was seen last).
class FleetStates {
 public:
  explicit FleetStates(Transaction& transaction);
  /// The analyses of `states` for which the sensors have another state: their results would differ, or have other reasons.
  std::vector<Analysis> stale(std::span<const AnalysisState> states) const;

 private:
  std::vector<AnalysisState> reported_;
};

nlohmann::json list_sensors(Transaction& transaction, std::string_view page_token, std::size_t page_size);

}  // namespace landwaiter::platform
