// SPDX-License-Identifier: Apache-2.0
#include "platform/resources.hpp"

#include "platform/store/ids.hpp"
#include "storage/postgres/postgres_database.hpp"
#include "storage/sqlite/sqlite_database.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace landwaiter::platform {
namespace {

using namespace std::chrono_literals;

/// Statements of a lane, longest first: an export's, those that change something, those of a list that a person waits for.
constexpr auto kHeavyTime = 60s;
constexpr auto kWriteTime = 10s;
constexpr auto kReadTime = 5s;
/// A heartbeat that waited for longer comes again soon.
constexpr auto kWaitMax = 10s;
/// So many share a commit: enough that the disk is no bound, few enough that the first does not wait for long.
constexpr std::size_t kCommitTogether = 64;
/// When nothing has been heard of the database for so long, this process should get no requests.
constexpr auto kSilenceMax = 30s;

Lane::Connect connector(const PlatformConfig& config, std::chrono::milliseconds statement_time_max) {
  return [&config, statement_time_max] { return connect(config, statement_time_max); };
}

/// Options of a lane that counts what it does.
LaneOptions counted(LaneOptions options, Metrics& metrics) {
  options.observe = [&metrics, name = options.name](Lane::Seconds waited, Lane::Seconds took) { metrics.lane_work(name, waited, took); };
  return options;
}

LaneOptions writing(bool on_postgres) {
  if (on_postgres) return {.name = "write", .threads = 6, .waiting_max = 4'000, .wait_max = kWaitMax};
  return {.name = "write", .threads = 1, .waiting_max = 4'000, .wait_max = kWaitMax, .commit_together = kCommitTogether};
}

}  // namespace

std::filesystem::path database_file(const PlatformConfig& config) { return config.state_directory / "platform.db"; }

std::filesystem::path master_key_file(const PlatformConfig& config) {
  return config.master_key_file.empty() ? config.state_directory / "master.key" : config.master_key_file;
}

std::filesystem::path moved_mark(const PlatformConfig& config) { return config.state_directory / "platform.db.moved"; }

namespace {

Result<void> refuse_moved(const PlatformConfig& config) {
  std::error_code unknown;
  const auto mark = moved_mark(config);
  if (!config.database.empty() || !std::filesystem::exists(mark, unknown)) return {};
  return Error(ErrorCode::configuration, database_file(config).string() +
                                             " was moved to another database: name that with --database, or remove " + mark.string() +
                                             " to go on with what is here");
}

}  // namespace

Result<std::unique_ptr<storage::Database>> connect(const PlatformConfig& config, std::chrono::milliseconds statement_time_max) {
  if (!config.database.empty()) {
    storage::PostgresOptions options{.address = config.database};
    if (statement_time_max > 0ms) options.statement_time_max = statement_time_max;
    return storage::open_postgres(options);
  }
  auto here = refuse_moved(config);
  if (!here) return here.error();
  const storage::SqliteOptions options{.busy_timeout = 30s, .statement_time_max = statement_time_max, .survive_power_cut = true};
  auto opened = storage::SqliteDatabase::open(database_file(config), options);
  if (!opened) return opened.error();
  return std::unique_ptr<storage::Database>(*std::move(opened));
}

Lanes::Lanes(const PlatformConfig& config, Metrics& metrics)
    : authentication(counted({.name = "authentication", .threads = 2, .waiting_max = 4'000, .wait_max = kWaitMax}, metrics),
                     connector(config, kReadTime)),
      reading(counted({.name = "read", .threads = config.database.empty() ? 3U : 4U, .waiting_max = 200, .wait_max = kWaitMax}, metrics),
              connector(config, kReadTime)),
      heavy(counted({.name = "heavy", .threads = config.database.empty() ? 1U : 2U, .waiting_max = 20, .wait_max = kHeavyTime}, metrics),
            connector(config, kHeavyTime)),
      writing(counted(platform::writing(!config.database.empty()), metrics), connector(config, kWriteTime)),
      cpu(std::clamp(std::thread::hardware_concurrency(), 1U, 4U), 4'000),
      large(1, 200) {}

Result<void> Lanes::connect() {
  for (Lane* lane : {&authentication, &reading, &heavy, &writing}) {
    auto connected = lane->connect();
    if (!connected) return connected;
  }
  return {};
}

Lane& Lanes::of(LaneKind kind) {
  switch (kind) {
    case LaneKind::heavy: return heavy;
    case LaneKind::writer: return writing;
    default: return reading;
  }
}

Resources::Resources(PlatformConfig given, const Clock& time, Vault opened, std::unique_ptr<BlobStore> opened_blobs)
    : config(std::move(given)),
      machine(time),
      clock(time),
      vault(std::move(opened)),
      blobs(std::move(opened_blobs)),
      process(new_id(time.now())) {
  lanes.emplace(config, *metrics);
}

std::optional<Error> Resources::why_unready() const {
  if (stopping) return Error(ErrorCode::unavailable, "this process is stopping");
  if (unready) return unready;
  const auto silence = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - ready_at);
  if (silence <= kSilenceMax) return std::nullopt;
  return Error(ErrorCode::unavailable, "the database has not answered for " + std::to_string(silence.count()) + " s");
}

}  // namespace landwaiter::platform
