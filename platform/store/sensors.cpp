// SPDX-License-Identifier: Apache-2.0
#include "platform/store/sensors.hpp"

#include "core/base/encoding.hpp"
#include "core/base/limits.hpp"
#include "platform/store/ids.hpp"
#include "platform/store/paging.hpp"
#include "platform/store/tokens.hpp"

namespace landwaiter::platform {
namespace {

/// The sensor that the same long-lived token enrolled before with this name and key.
std::optional<std::string> earlier_sensor(Transaction& transaction, const Principal& by, const protocol::Enrolment& enrolment,
                                          const Bytes& public_key) {
  Rows rows =
      transaction.query("SELECT id FROM sensor WHERE enrolled_by=? AND name=? AND public_key=?", {by.id, enrolment.name, public_key});
  if (!rows.next()) return std::nullopt;
  return rows.text(0);
}

}  // namespace

Result<Secret> fleet_identity_key(Transaction& transaction, const Vault& vault) {
  constexpr std::string_view kContext = "meta:identity_key";
  {
    Rows rows = transaction.query("SELECT value FROM meta WHERE name='identity_key'");
    if (rows.next()) return vault.decrypt(rows.bytes(0), kContext);
  }
  Secret key(hex_encode(random_bytes(32)));
  transaction.run("INSERT INTO meta(name,value) VALUES('identity_key',?)", {vault.encrypt(key, kContext)});
  return key;
}

Result<protocol::EnrolmentAnswer> enrol_sensor(Transaction& transaction, const Vault& vault, const Principal& by,
                                               const protocol::Enrolment& enrolment, SystemTime now) {
  const auto public_key = base64_decode(enrolment.public_key);
  // Sealing once proves that jobs' credentials can be sealed later.
  if (!public_key || !seal_to(*public_key, Secret("x"))) {
    return Error(ErrorCode::invalid_argument, "public_key must be base64 of a usable X25519 public key");
  }
  if (enrolment.name.empty() || enrolment.name.size() > limits::name_bytes_max || enrolment.version.size() > limits::name_bytes_max) {
    return Error(ErrorCode::invalid_argument, "a sensor's name must have 1 to 200 bytes, its version at most 200");
  }
  const auto kind = token_kind(transaction, by.id);
  if (!kind) return Error(ErrorCode::unauthorized, "this enrolment token is used up");
  if (*kind == TokenKind::enrolment) delete_token(transaction, by.id);
  auto identity_key = fleet_identity_key(transaction, vault);
  if (!identity_key) return identity_key.error();

  protocol::EnrolmentAnswer answer;
  answer.identity_key = *std::move(identity_key);
  const auto earlier = earlier_sensor(transaction, by, enrolment, *public_key);
  answer.sensor_id = earlier ? *earlier : new_id(now);
  if (earlier) {
    transaction.run("DELETE FROM token WHERE sensor_id=?", {*earlier});
    note_sensor(transaction, *earlier, enrolment.version, enrolment.detector_state, now);
  } else {
    transaction.run(
        "INSERT INTO sensor(id,name,version,detector_state,public_key,enrolled_by,created_at_us,seen_at_us) VALUES(?,?,?,?,?,?,?,?)",
        {answer.sensor_id, enrolment.name, enrolment.version, enrolment.detector_state, *public_key, by.id, to_unix_us(now),
         to_unix_us(now)});
  }
  answer.token = create_token(transaction, TokenKind::sensor, enrolment.name, answer.sensor_id, now, std::nullopt).token;
  return answer;
}

Result<SensorKeys> sensor_keys(Transaction& transaction, std::string_view sensor_id) {
  Rows rows = transaction.query("SELECT public_key,detector_state FROM sensor WHERE id=?", {sensor_id});
  if (!rows.next()) return Error(ErrorCode::unauthorized, "this sensor is not known");
  SensorKeys keys;
  keys.public_key.assign(rows.bytes(0).begin(), rows.bytes(0).end());
  if (const auto state = Digest::parse(rows.text(1)); state) keys.detector_state = *state;
  return keys;
}

void note_sensor(Transaction& transaction, std::string_view sensor_id, std::string_view version, const Digest& detector_state,
                 SystemTime now) {
  transaction.run("UPDATE sensor SET version=?, detector_state=?, seen_at_us=? WHERE id=?",
                  {version.substr(0, limits::name_bytes_max), detector_state, to_unix_us(now), sensor_id});
}

nlohmann::json list_sensors(Transaction& transaction, std::string_view page_token, std::size_t page_size) {
  nlohmann::json out{{"sensors", nlohmann::json::array()}, {"next_page_token", ""}};
  Rows rows = transaction.query(
      "SELECT id,name,version,detector_state,created_at_us,seen_at_us,"
      " (SELECT count(*) FROM job WHERE job.state='leased' AND job.sensor_id=sensor.id)"
      " FROM sensor WHERE (?1='' OR id<?1) ORDER BY id DESC LIMIT ?2",
      {page_token, page_size + 1});
  while (rows.next()) {
    if (page_is_full(out, "sensors", page_size)) break;
    out["sensors"].push_back({{"id", rows.text(0)},
                              {"name", rows.text(1)},
                              {"version", rows.text(2)},
                              {"detector_state", rows.text(3)},
                              {"enrolled_at", time_json(rows, 4)},
                              {"seen_at", time_json(rows, 5)},
                              {"jobs_leased", rows.integer(6)}});
  }
  return out;
}

}  // namespace landwaiter::platform
