// SPDX-License-Identifier: Apache-2.0
#include "platform/store/sensors.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "platform/store/analysis_states.hpp"
#include "platform/store/ids.hpp"
#include "platform/store/paging.hpp"
#include "platform/store/tokens.hpp"

#include <algorithm>
#include <chrono>

namespace landwaiter::platform {
namespace {

/// The sensor that the same long-lived token has already enrolled with this name and key.
std::optional<std::string> earlier_sensor(Transaction& transaction, const Principal& by, const protocol::Enrollment& enrollment,
                                          const Bytes& public_key) {
  Rows rows =
      transaction.query("SELECT id FROM sensor WHERE enrolled_by=? AND name=? AND public_key=?", {by.id, enrollment.name, public_key});
  if (!rows.next()) return std::nullopt;
  return rows.text(0);
}

/// A sensor that was not seen for so long when another was says nothing about the fleet.
constexpr std::chrono::hours kSeenLately{24};

AnalysisStates states_of_sensor(Transaction& transaction, std::string_view sensor_id) {
  return analysis_states(transaction.query("SELECT analysis,state FROM sensor_state WHERE sensor_id=?", {sensor_id}));
}

}  // namespace

Result<void> check_master_key(Transaction& transaction, const Vault& vault) {
  constexpr std::string_view kContext = "meta:master_key_check";
  {
    Rows rows = transaction.query("SELECT value FROM meta WHERE name='master_key_check'");
    if (rows.next()) {
      auto opened = vault.decrypt(rows.bytes(0), kContext);
      return opened ? Result<void>() : opened.error();
    }
  }
  transaction.run("INSERT INTO meta(name,value) VALUES('master_key_check',?)", {vault.encrypt(Secret("it fits"), kContext)});
  return {};
}

Result<protocol::EnrollmentAnswer> enroll_sensor(Transaction& transaction, const Principal& by, const protocol::Enrollment& enrollment,
                                                 SystemTime now) {
  const auto public_key = base64_decode(enrollment.public_key);
  // Sealing once proves that credentials can be sealed later.
  if (!public_key || !seal_to(*public_key, Secret("x"))) {
    return Error(ErrorCode::invalid_argument, "public_key must be base64 of a usable X25519 public key");
  }
  if (enrollment.name.empty() || enrollment.name.size() > limits::name_bytes_max || enrollment.version.size() > limits::name_bytes_max) {
    return Error(ErrorCode::invalid_argument, "a sensor's name must have 1 to 200 bytes, its version at most 200");
  }
  const auto kind = token_kind(transaction, by.id);
  if (!kind) return Error(ErrorCode::unauthorized, "this enrollment token has been used");
  if (*kind == TokenKind::enrollment) delete_token(transaction, by.id);

  protocol::EnrollmentAnswer answer;
  const auto earlier = earlier_sensor(transaction, by, enrollment, *public_key);
  answer.sensor_id = earlier ? *earlier : new_id(now);
  if (earlier) {
    transaction.run("DELETE FROM token WHERE sensor_id=?", {*earlier});
  } else {
    transaction.run("INSERT INTO sensor(id,name,version,public_key,enrolled_by,created_at_us,seen_at_us) VALUES(?,?,?,?,?,?,?)",
                    {answer.sensor_id, enrollment.name, enrollment.version, *public_key, by.id, to_unix_us(now), to_unix_us(now)});
  }
  note_sensor(transaction, answer.sensor_id, enrollment.version, enrollment.states, now);
  answer.token = create_token(transaction, TokenKind::sensor, enrollment.name, answer.sensor_id, now, std::nullopt).token;
  return answer;
}

Result<SensorKeys> sensor_keys(Transaction& transaction, std::string_view sensor_id) {
  SensorKeys keys;
  {
    Rows rows = transaction.query("SELECT public_key,documents_state FROM sensor WHERE id=?", {sensor_id});
    if (!rows.next()) return Error(ErrorCode::unauthorized, "this sensor is not known");
    keys.public_key.assign(rows.bytes(0).begin(), rows.bytes(0).end());
    if (auto state = Digest::parse(rows.text(1)); state) keys.documents_state = *std::move(state);
  }
  keys.states = states_of_sensor(transaction, sensor_id);
  return keys;
}

void note_sensor(Transaction& transaction, std::string_view sensor_id, std::string_view version, const AnalysisStates& states,
                 SystemTime now) {
  transaction.run("UPDATE sensor SET version=?, seen_at_us=? WHERE id=?",
                  {version.substr(0, limits::name_bytes_max), to_unix_us(now), sensor_id});
  if (states.empty() || states == states_of_sensor(transaction, sensor_id)) return;
  transaction.run("DELETE FROM sensor_state WHERE sensor_id=?", {sensor_id});
  for (const AnalysisState& of : states) {
    transaction.run("INSERT INTO sensor_state(sensor_id,analysis,state) VALUES(?,?,?)", {sensor_id, to_string(of.analysis), of.state});
  }
}

void note_documents_state(Transaction& transaction, std::string_view sensor_id, const Digest& documents_state) {
  transaction.run("UPDATE sensor SET documents_state=? WHERE id=?", {documents_state, sensor_id});
}

FleetStates::FleetStates(Transaction& transaction) {
  const std::int64_t last_us = transaction.number("SELECT max(seen_at_us) FROM sensor");
  const std::int64_t since_us = last_us - std::chrono::microseconds(kSeenLately).count();
  reported_ = analysis_states(transaction.query(
      "SELECT DISTINCT analysis,state FROM sensor_state JOIN sensor ON sensor.id=sensor_state.sensor_id WHERE seen_at_us>=?", {since_us}));
}

std::vector<Analysis> FleetStates::stale(std::span<const AnalysisState> states) const {
  std::vector<Analysis> stale;
  for (const AnalysisState& of : states) {
    const bool reported = state_of(reported_, of.analysis) != nullptr;
    if (reported && std::ranges::find(reported_, of) == reported_.end()) stale.push_back(of.analysis);
  }
  return stale;
}

nlohmann::json list_sensors(Transaction& transaction, std::string_view page_token, std::size_t page_size) {
  nlohmann::json out{{"sensors", nlohmann::json::array()}, {"next_page_token", ""}};
  Rows rows = transaction.query(
      "SELECT id,name,version,created_at_us,seen_at_us,"
      " (SELECT count(*) FROM lease WHERE lease.sensor_id=sensor.id)"
      " FROM sensor WHERE (?1='' OR id<?1) ORDER BY id DESC LIMIT ?2",
      {page_token, page_size + 1});
  while (rows.next()) {
    if (page_is_full(out, "sensors", page_size)) break;
    out["sensors"].push_back({{"id", rows.text(0)},
                              {"name", rows.text(1)},
                              {"version", rows.text(2)},
                              {"states", states_to_json(states_of_sensor(transaction, rows.text(0)))},
                              {"enrolled_at", time_json(rows, 3)},
                              {"seen_at", time_json(rows, 4)},
                              {"jobs_leased", rows.integer(5)}});
  }
  return out;
}

}  // namespace landwaiter::platform
