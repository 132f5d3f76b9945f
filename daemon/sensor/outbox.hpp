// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "daemon/scan/store_thread.hpp"
#include "daemon/sensor/uplink.hpp"

#include <deque>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// What must reach the platform, in the store until it did: layers' facts and reports, completions, failures. Sent in the order they
/// were put in, so a completion never arrives before its layers. Survives kills on either side; sending twice is harmless. A stored part
/// that cannot be read is forgotten and dropped with a log line; a completion that the platform refuses becomes the job's failure. A
/// failure that cannot be stored is kept in memory: without it, a full disk would hold its job until the end of this process.
class Outbox {
 public:
  /// `on_job_ended(job_id)` is called once the platform knows that a job has ended, or no longer wants to know.
  Outbox(asio::any_io_executor executor, StoreThread& store, Uplink& uplink, EngineState engine, const Clock& clock,
         std::function<void(const std::string&)> on_job_ended);

  /// Each is durable when it returns without an error.
  Awaitable<void> put_layer(ScannedLayer layer);
  /// Parts that the store has already.
  Awaitable<void> put_stored(Digest layer, LayerParts parts);
  Awaitable<void> put_completion(std::string job_id, Secret lease, protocol::ImageCompletion completion);
  asio::awaitable<void> put_failure(std::string job_id, Secret lease, protocol::JobFailure failure);

  /// Sends until `stop` was requested and nothing is left that can be sent now.
  asio::awaitable<void> run(std::stop_token stop);
  /// Wakes run() after an addition or a stop.
  void wake();

 private:
  Awaitable<void> put(storage::OutboxItem item);
  Awaitable<void> send(storage::OutboxItem item);
  Awaitable<void> send_facts(Digest layer);
  Awaitable<void> send_report(Digest layer, AnalysisState of);
  Awaitable<void> send_part(const storage::OutboxItem& item);
  Awaitable<void> send_job_end(const storage::OutboxItem& item);
  Awaitable<void> complete(std::string job_id, Secret lease, std::string body);
  Awaitable<void> resend_layers(std::vector<Digest> layers);
  asio::awaitable<bool> send_some(std::size_t failures, std::stop_token stop);
  Awaitable<void> send_unstored();
  Awaitable<void> send_stored(std::vector<storage::OutboxItem> items);
  Awaitable<void> send_out(storage::OutboxItem item);

  StoreThread& store_;
  Uplink& uplink_;
  EngineState engine_;
  const Clock& clock_;
  std::function<void(const std::string&)> on_job_ended_;
  Sleeper sleeper_;
  std::deque<storage::OutboxItem> unstored_;  ///< failures, at most one for each leased job
  bool woken_ = false;
};

/// Exponential backoff with full jitter: a random wait up to first * 2^failures, capped, and not shorter than the other side asked for.
std::chrono::milliseconds backoff(std::size_t failures, const Error& error);

}  // namespace landwaiter::daemon
