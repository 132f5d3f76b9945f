// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/listing/manifest_memory.hpp"
#include "daemon/scan/image_runner.hpp"
#include "daemon/sensor/outbox.hpp"
#include "daemon/sensor/sensor_identity.hpp"
#include "daemon/sensor/uplink.hpp"
#include "daemon/settings/config.hpp"
#include "registry/client/client.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace landwaiter::daemon {

/// Runs leased jobs and makes sure that each one's result reaches the platform. Lives on the io thread.
class JobRunner {
 public:
  /// `job_finished` is called when a slot becomes free. All references must outlive it.
  JobRunner(asio::any_io_executor executor, const SensorConfig& config, const Clock& clock, Uplink& uplink, Outbox& outbox,
            StoreThread& store, ScanPool& pool, const SensorIdentity& identity, std::function<void()> job_finished);

  void start(protocol::Job job);
  /// Reports a job that this sensor cannot read as failed here, so that another may try it.
  void refuse(protocol::UnreadableJob job);
  /// Jobs that still work; those that only wait for the outbox do not count.
  std::size_t running() const;
  /// Every job whose lease must be kept: running ones and those whose end the platform does not know yet.
  std::vector<protocol::JobProgress> progress() const;

  /// The lease is lost or the job was cancelled: stops it and reports nothing.
  void drop(const std::string& job_id, std::string_view reason);
  /// Stops all and gives them back to the platform, not as failures.
  void hand_back_all();
  /// The platform knows how the job ended.
  void reported(const std::string& job_id);
  asio::awaitable<void> join() { return group_.join(); }
  /// False while the state folder cannot be written: a job would be read in vain. Looks only after a job has met that.
  asio::awaitable<bool> can_store();

 private:
  struct Leased;

  void forget(const Leased& leased);
  asio::awaitable<void> run(std::shared_ptr<Leased> leased);
  Awaitable<void> run_work(std::shared_ptr<Leased> leased, protocol::ListWork work, std::shared_ptr<registry::Client> client);
  Awaitable<void> run_work(std::shared_ptr<Leased> leased, protocol::ImageWork work, std::shared_ptr<registry::Client> client);
  Awaitable<void> send_page(std::shared_ptr<Leased> leased, protocol::InventoryPage page);
  Awaitable<void> try_store();
  Result<std::shared_ptr<registry::Client>> client_for(const protocol::Job& job);

  asio::any_io_executor executor_;
  const SensorConfig& config_;
  const Clock& clock_;
  Uplink& uplink_;
  Outbox& outbox_;
  StoreThread& store_;
  ImageRunner images_;
  std::shared_ptr<ManifestMemory> manifests_;
  ScanPool& pool_;
  const SensorIdentity& identity_;
  std::function<void()> job_finished_;
  std::shared_ptr<registry::Transport> transport_;
  Secret account_key_ = random_key();  ///< hides accounts in the keys of clients_
  std::map<std::string, std::weak_ptr<registry::Client>> clients_;
  std::map<std::string, std::shared_ptr<Leased>> jobs_;
  bool in_trouble_ = false;  ///< the state folder could not be written
  TaskGroup group_;
};

}  // namespace landwaiter::daemon
