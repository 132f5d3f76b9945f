// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor/job_runner.hpp"

#include "core/base/encoding.hpp"
#include "core/base/log.hpp"
#include "core/os/files.hpp"
#include "core/wire/sealed_credentials.hpp"
#include "daemon/listing/registry_walk.hpp"
#include "daemon/sensor/platform_book.hpp"
#include "daemon/settings/network.hpp"
#include "registry/http/transport.hpp"

#include <algorithm>

namespace landwaiter::daemon {

struct JobRunner::Leased {
  protocol::Job job;
  std::shared_ptr<JobCounters> counters = std::make_shared<JobCounters>();
  std::stop_source stop;
  bool working = true;
  bool dropped = false;
  bool handed_back = false;
};

namespace {

std::string display_name(const protocol::RegistryTarget& registry, const protocol::ImageWork& image) {
  const std::string tag = image.tags.empty() ? "@" + image.digest.str() : ":" + image.tags.front();
  return registry.endpoint + "/" + image.repository + tag;
}

std::string what_it_does(const protocol::Job& job) {
  if (const auto* image = std::get_if<protocol::ImageWork>(&job.work)) return display_name(job.registry, *image);
  return "list " + job.registry.endpoint;
}

protocol::JobFailure failure_of(const Error& error, bool handed_back) {
  protocol::JobFailure failure;
  failure.handed_back = handed_back;
  failure.retryable = handed_back || error.transient();
  failure.code = error.code();
  failure.reason = error.message();
  if (error.retry_after()) failure.retry_after = std::chrono::ceil<std::chrono::seconds>(*error.retry_after());
  return failure;
}

std::shared_ptr<registry::Transport> registry_transport(asio::any_io_executor executor, const SensorConfig& config) {
  // Sensor::start() has checked that they are usable.
  return registry::make_transport(executor, transport_options(config.registry_network, process_environment(), true).value());
}

}  // namespace

JobRunner::JobRunner(asio::any_io_executor executor, const SensorConfig& config, const Clock& clock, Uplink& uplink, Outbox& outbox,
                     StoreThread& store, ScanPool& pool, const SensorIdentity& identity, std::function<void()> job_finished)
    : executor_(executor),
      config_(config),
      clock_(clock),
      uplink_(uplink),
      outbox_(outbox),
      store_(store),
      images_(executor, pool, store, clock),
      manifests_(std::make_shared<StoredManifests>(executor, store, clock)),
      pool_(pool),
      identity_(identity),
      job_finished_(std::move(job_finished)),
      transport_(registry_transport(executor, config)),
      group_(executor) {}

void JobRunner::start(protocol::Job job) {
  auto leased = std::make_shared<Leased>();
  leased->job = std::move(job);
  auto& place = jobs_[leased->job.id];
  // It comes again: then the old lease is lost.
  if (place) {
    place->dropped = true;
    place->stop.request_stop();
  }
  place = leased;
  group_.spawn(run(leased));
}

std::size_t JobRunner::running() const {
  return static_cast<std::size_t>(std::ranges::count_if(jobs_, [](const auto& entry) { return entry.second->working; }));
}

std::vector<protocol::JobProgress> JobRunner::progress() const {
  std::vector<protocol::JobProgress> all;
  for (const auto& [id, leased] : jobs_) {
    protocol::JobProgress one;
    one.job_id = id;
    one.lease_token = leased->job.lease_token;
    one.bytes = leased->counters->layer->compressed_bytes.load(std::memory_order_relaxed);
    one.files = leased->counters->layer->files.load(std::memory_order_relaxed);
    one.findings = leased->counters->layer->findings.load(std::memory_order_relaxed);
    one.layers = leased->counters->layers_done;
    all.push_back(std::move(one));
  }
  return all;
}

void JobRunner::drop(const std::string& job_id, std::string_view reason) {
  const auto found = jobs_.find(job_id);
  if (found == jobs_.end()) return;
  log_event(LogLevel::warning, "job dropped", {{"job", job_id}, {"reason", reason}});
  const std::shared_ptr<Leased> leased = found->second;
  leased->dropped = true;
  leased->stop.request_stop();
  if (!leased->working) jobs_.erase(found);
}

void JobRunner::hand_back_all() {
  for (const auto& [id, leased] : jobs_) {
    if (!leased->working) continue;
    leased->handed_back = true;
    leased->stop.request_stop();
  }
}

void JobRunner::reported(const std::string& job_id) {
  const auto found = jobs_.find(job_id);
  if (found != jobs_.end() && !found->second->working) jobs_.erase(found);
}

/// The job may be here under another lease by now.
void JobRunner::forget(const Leased& leased) {
  const auto found = jobs_.find(leased.job.id);
  if (found != jobs_.end() && found->second.get() == &leased) jobs_.erase(found);
}

asio::awaitable<void> JobRunner::run(std::shared_ptr<Leased> leased) {
  const protocol::Job& job = leased->job;
  const std::string what = what_it_does(job);
  log_event(LogLevel::info, "job started", {{"job", job.id}, {"attempt", job.attempt}, {"what", what}});

  Result<void> done = Error(ErrorCode::internal, "the job could not run");
  auto client = client_for(job);
  if (!client) {
    done = client.error();
  } else {
    auto running = std::visit([&](const auto& work) { return run_work(leased, work, *client); }, job.work);
    done = co_await std::move(running);
  }

  leased->working = false;
  const bool lease_lost = !done && done.error().code() == ErrorCode::conflict;
  if (leased->dropped || lease_lost) {
    forget(*leased);
  } else if (!done) {
    log_event(LogLevel::warning, "job failed", {{"job", job.id}, {"what", what}, {"error", done.error().message()}});
    // What this sensor cannot store is no failure of the image.
    if (done.error().code() == ErrorCode::io) in_trouble_ = true;
    const bool can_go_on = co_await can_store();
    auto failure = failure_of(done.error(), leased->handed_back || !can_go_on);
    co_await outbox_.put_failure(job.id, job.lease_token, std::move(failure));
  } else {
    log_event(LogLevel::info, "job finished", {{"job", job.id}, {"what", what}});
    if (kind_of(job.work) == protocol::JobKind::list) forget(*leased);  // its last page was its end
  }
  job_finished_();
}

Awaitable<void> JobRunner::run_work(std::shared_ptr<Leased> leased, protocol::ListWork work, std::shared_ptr<registry::Client> client) {
  auto deliver = [this, leased](protocol::InventoryPage page) { return send_page(leased, std::move(page)); };
  WalkOptions options;
  options.requests_in_flight = 2 * config_.registry_network.connections;
  options.memory = manifests_;
  RegistryWalk walk(executor_, client, work, deliver, leased->stop.get_token(), options);
  co_return co_await walk.run();
}

/// Pages go straight to the platform, which stores page and cursor together: what a kill loses is listed again.
Awaitable<void> JobRunner::send_page(std::shared_ptr<Leased> leased, protocol::InventoryPage page) {
  Sleeper sleeper(executor_);
  for (std::size_t failures = 0;; ++failures) {
    if (leased->stop.stop_requested()) co_return Error(ErrorCode::cancelled, "the job was stopped");
    auto sent = co_await uplink_.inventory(leased->job.id, leased->job.lease_token, page);
    if (sent || !sent.error().transient()) co_return sent;
    log_event(LogLevel::warning, "platform is unreachable", {{"job", leased->job.id}, {"error", sent.error().message()}});
    co_await sleeper.sleep(backoff(failures, sent.error()));
  }
}

Awaitable<void> JobRunner::run_work(std::shared_ptr<Leased> leased, protocol::ImageWork work, std::shared_ptr<registry::Client> client) {
  const protocol::Job& job = leased->job;
  ImageTask task;
  task.source = registry::Client::repository_source(client, work.repository);
  task.digest = work.digest;
  task.display = display_name(job.registry, work);
  task.book = open_platform_book(executor_, uplink_, outbox_, job, pool_.engine_state(), leased->stop.get_token());
  task.incremental = job.options.incremental;
  task.counters = leased->counters;
  task.stop = leased->stop.get_token();
  auto outcome = co_await images_.run(std::move(task));
  if (!outcome) co_return outcome.error();

  protocol::ImageCompletion completion;
  completion.facts = std::move(outcome->facts);
  completion.engine = pool_.engine_state();
  completion.unchanged = outcome->unchanged;
  completion.layers_fetched = outcome->layers_fetched;
  completion.layers_reused = outcome->layers_reused;
  co_return co_await outbox_.put_completion(job.id, job.lease_token, std::move(completion));
}

void JobRunner::refuse(protocol::UnreadableJob job) {
  log_event(LogLevel::warning, "job cannot be read", {{"job", job.id}, {"error", job.error.message()}});
  if (job.id.empty() || job.lease_token.empty()) return;  // its lease runs out
  protocol::JobFailure failure;
  // Another sensor may be able to. It counts as an attempt: handed back for nothing it would return here at once, again and again.
  failure.retryable = true;
  failure.code = ErrorCode::unsupported;
  failure.reason = "the sensor cannot read this job: " + job.error.message();
  group_.spawn(outbox_.put_failure(std::move(job.id), std::move(job.lease_token), std::move(failure)));
}

asio::awaitable<bool> JobRunner::can_store() {
  if (!in_trouble_) co_return true;
  auto tried = co_await try_store();
  in_trouble_ = !tried;
  if (!tried) log_event(LogLevel::error, "state folder cannot be written: no job is taken", {{"error", tried.error().message()}});
  co_return tried.has_value();
}

/// Small writes go on for a while where no report fits any more.
Awaitable<void> JobRunner::try_store() {
  auto write = [directory = config_.state_directory](storage::Store& store) {
    auto space = try_space(directory);
    return space ? store.probe() : space;
  };
  co_return co_await store_.run(std::move(write));
}

/// Jobs of one registry and account share a client, and with it tokens, for as long as one of them runs.
Result<std::shared_ptr<registry::Client>> JobRunner::client_for(const protocol::Job& job) {
  auto endpoint = registry::Endpoint::parse(job.registry.endpoint);
  if (!endpoint) return endpoint.error();
  Credentials credentials;
  if (!job.sealed_credentials.empty()) {
    auto opened = open_sealed(identity_, job.sealed_credentials);
    if (!opened) return opened.error();
    auto parsed = protocol::unbind_credentials(*opened, job, clock_.now());
    if (!parsed) return parsed.error();
    credentials = *std::move(parsed);
  }
  if (job.registry.plain_http) endpoint->plain_http = true;
  endpoint->tls_verify = job.registry.tls_verify;
  endpoint->kind = job.registry.kind;
  const Secret account = serialize(credentials);
  endpoint->credentials = std::move(credentials);
  const std::string key = job.registry.id + " " + hex_encode(hmac_sha256(as_bytes(account_key_.reveal()), as_bytes(account.reveal())));
  // No more of them than jobs that run.
  std::erase_if(clients_, [](const auto& entry) { return entry.second.expired(); });
  if (const auto known = clients_.find(key); known != clients_.end()) return known->second.lock();
  auto client = std::make_shared<registry::Client>(transport_, *std::move(endpoint), clock_);
  clients_[key] = client;
  return client;
}

}  // namespace landwaiter::daemon
