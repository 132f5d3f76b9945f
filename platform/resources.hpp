// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/blobs/blob_store.hpp"
#include "platform/http/call.hpp"
#include "platform/http/lane.hpp"
#include "platform/http/router.hpp"
#include "platform/metrics/metrics.hpp"
#include "platform/platform.hpp"
#include "platform/service_clock.hpp"
#include "platform/store/vault.hpp"
#include "storage/database/database.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::platform {

/// The file of SQLite's database.
std::filesystem::path database_file(const PlatformConfig& config);
std::filesystem::path master_key_file(const PlatformConfig& config);
/// Is there when SQLite's database in the state folder was moved: nobody shall go on with what is old by mistake.
std::filesystem::path moved_mark(const PlatformConfig& config);
/// A connection to the platform's database. `statement_time_max` 0: none for SQLite, the engine's default for PostgreSQL.
Result<std::unique_ptr<storage::Database>> connect(const PlatformConfig& config,
                                                   std::chrono::milliseconds statement_time_max = std::chrono::milliseconds(0));

/// The lanes by what they are for, so that no kind of work holds up another: a long export no heartbeat, a list of a person's no sensor.
/// SQLite has one writer, whose requests share commits; PostgreSQL has several.
struct Lanes {
  /// `metrics` outlives the lanes.
  Lanes(const PlatformConfig& config, Metrics& metrics);

  Lane authentication;
  Lane reading;
  Lane heavy;
  Lane writing;
  Workers cpu;    ///< JSON and compression
  Workers large;  ///< the same for what may take much memory: one at a time

  /// SQLite's connections, which cannot be opened while another one writes.
  Result<void> connect();
  /// LaneKind::none has none.
  Lane& of(LaneKind kind);
  std::array<const Lane*, 4> all() const { return {&authentication, &reading, &heavy, &writing}; }
};

/// What the parts of one running platform share. Lives on the io thread, but for the lanes' threads, which read what is const.
struct Resources {
  Resources(PlatformConfig given, const Clock& time, Vault opened, std::unique_ptr<BlobStore> opened_blobs);

  const PlatformConfig config;
  const Clock& machine;
  ServiceClock clock;
  const Vault vault;
  const std::unique_ptr<BlobStore> blobs;  ///< null if all reports are in the database
  const std::string process;               ///< names this one among those of one database
  const std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
  std::optional<Lanes> lanes;  ///< emptied at the end, when nothing runs the io thread any more
  bool stopping = false;
  std::optional<Error> unready;                                                       ///< why it should get no requests
  std::chrono::steady_clock::time_point ready_at = std::chrono::steady_clock::now();  ///< when that was last found out

  bool on_postgres() const { return !config.database.empty(); }
  LeaseTerms terms() const { return {clock.now(), config.lease, config.image_time_max}; }
  AssessContext assess_context() const { return {&config.policy, clock.now(), config.blocklist.get(), nullptr}; }
  /// unavailable, in words for who asks whether to send requests here.
  std::optional<Error> why_unready() const;
};

}  // namespace landwaiter::platform
