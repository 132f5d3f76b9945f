// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace landwaiter::platform {

/// What the database says about the work to do; read now and then, because it costs a statement each.
struct QueueGauges {
  std::map<std::string, std::int64_t> jobs_queued;  ///< by kind; 0 is a value, too
  std::map<std::string, std::int64_t> jobs_leased;  ///< by kind
  std::int64_t jobs_suspect = 0;                    ///< leased alone, because sensors fell silent with them
  std::chrono::seconds oldest_queued{0};            ///< since the oldest of them was made; 0 if there is none
  std::int64_t registries_leased = 0;               ///< hosts of which sensors have jobs
  std::int64_t layer_claims = 0;
  std::int64_t sensors_online = 0;
  std::int64_t sensors = 0;
  std::int64_t database_bytes = 0;
};

/// What the platform counts about itself, in the text format of Prometheus; docs/metrics.md describes each name. May be used on any
/// thread. All labels come from sets of our own: a caller cannot make new ones.
class Metrics {
 public:
  using Seconds = std::chrono::duration<double>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// `route` is a pattern ("/v3/jobs/{id}/fail"), empty if there is none; `took` lasts until the answer was sent.
  void request(std::string_view method, std::string_view route, int status, Seconds took);
  void connections(std::size_t open);
  /// `why`: "limit" or "descriptors".
  void connection_refused(std::string_view why);
  void certificate_expires(std::chrono::sys_seconds when);

  /// Work of a lane ("reader", "writer", ...): how long it waited for its turn, and how long it took.
  void lane_work(std::string_view lane, Seconds waited, Seconds took);
  /// Work that waits for a lane now.
  void lane_queue(std::string_view lane, std::size_t waiting);
  void queue(const QueueGauges& now);

  /// Everything, as a scraper reads it.
  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace landwaiter::platform
