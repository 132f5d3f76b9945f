// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor/sensor.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/os/folder_lock.hpp"
#include "daemon/scan/worker_count.hpp"
#include "daemon/sensor/job_runner.hpp"
#include "daemon/sensor/outbox.hpp"
#include "daemon/sensor/sensor_identity.hpp"
#include "daemon/settings/network.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>

namespace landwaiter::daemon {

namespace {

constexpr std::chrono::seconds kAcquireWait{45};
/// Acquire, heartbeat and outbox, and a claim per job, each on its own connection: a long poll never delays a report.
constexpr std::size_t kPlatformConnections = 32;

std::shared_ptr<registry::Transport> platform_transport(asio::any_io_executor executor, const SensorConfig& config) {
  auto made = transport_options(config.platform_network, process_environment(), false);
  registry::TransportOptions options;
  if (made) options = *std::move(made);  // otherwise start() reports it
  options.connections_per_host = kPlatformConnections;
  auto transport = registry::make_transport(executor, std::move(options));
  const auto url = registry::HttpUrl::parse(config.platform_url);
  if (url) transport->show_client_certificate_to(url->host, url->port);
  return transport;
}

}  // namespace

class Sensor::Impl {
 public:
  Impl(asio::any_io_executor executor, SensorConfig config, const Clock& clock, MakeContentReader make_reader)
      : executor_(executor),
        config_(std::move(config)),
        clock_(clock),
        make_reader_(std::move(make_reader)),
        uplink_(platform_transport(executor, config_), config_.platform_url, config_.platform_tls_verify),
        pause_(executor),
        heartbeat_pause_(executor) {}

  Awaitable<void> run() {
    auto started = co_await start();
    if (!started) co_return started.error();
    if (host_ != nullptr) host_->ready();
    // Before the first job: the platform must know the states of this sensor when it decides which images are unchanged.
    (void)co_await beat();
    TaskGroup reporting(executor_);
    reporting.spawn(outbox_->run(outbox_stop_.get_token()));
    reporting.spawn(heartbeats());
    co_await take_jobs();

    if (host_ != nullptr) host_->stopping();
    log_event(LogLevel::info, "draining", {{"jobs", jobs_->running()}});
    co_await drain();
    finished_ = true;
    heartbeat_pause_.wake();
    outbox_stop_.request_stop();
    outbox_->wake();
    co_await reporting.join();
    log_event(LogLevel::info, "stopped");
    if (gave_up_) co_return *gave_up_;
    co_return Result<void>();
  }

  void stop() {
    if (stopping_ && jobs_) jobs_->hand_back_all();
    stopping_ = true;
    acquire_cancel_.emit(asio::cancellation_type::terminal);
    pause_.wake();
  }

  void tell(ServiceHost& host) { host_ = &host; }

 private:
  Awaitable<void> start() {
    for (const NetworkSettings* network : {&config_.platform_network, &config_.registry_network}) {
      auto usable = transport_options(*network, process_environment(), true);
      if (!usable) co_return usable.error();
    }
    auto lock = FolderLock::take(config_.state_directory, clock_.now());
    if (!lock) co_return lock.error();
    lock_ = *std::move(lock);
    auto identity = load_identity(config_.state_directory);
    if (!identity) co_return identity.error();
    identity_ = *std::move(identity);
    auto enrolled = co_await enroll();
    if (!enrolled) co_return enrolled.error();
    uplink_.set_token(identity_.token);

    ReaderSettings readers;
    readers.context.try_passwords = config_.try_passwords;
    readers.memory_bytes_max = config_.memory_bytes;
    auto reader = make_reader_(readers);
    if (!reader) co_return reader.error();
    auto store = storage::Store::open(config_.state_directory);
    if (!store) co_return store.error();
    auto pruned = (*store)->prune(clock_.now() - storage::kUnusedKept);
    if (!pruned) co_return pruned.error();

    store_ = std::make_unique<StoreThread>(*std::move(store));
    const WorkerPlan plan = plan_workers({config_.workers, config_.memory_bytes});
    if (!plan.fewer.empty()) {
      log_event(config_.workers > 0 ? LogLevel::warning : LogLevel::info, "fewer workers than wanted", {{"reason", plan.fewer}});
    }
    auto floor = rate_floor(config_.registry_network, plan.workers);
    if (!floor) co_return floor.error();
    pool_ = std::make_unique<ScanPool>(executor_, *std::move(reader), plan.workers, clock_, *floor);
    auto job_ended = [this](const std::string& job_id) { jobs_->reported(job_id); };
    outbox_ = std::make_unique<Outbox>(executor_, *store_, uplink_, pool_->engine_state(), clock_, std::move(job_ended));
    auto job_finished = [this] { pause_.wake(); };
    jobs_ = std::make_unique<JobRunner>(executor_, config_, clock_, uplink_, *outbox_, *store_, *pool_, identity_, std::move(job_finished));
    log_event(LogLevel::info, "sensor started",
              {{"sensor", identity_.sensor_id},
               {"platform", config_.platform_url},
               {"workers", pool_->workers()},
               {"jobs", config_.jobs},
               {"states", states_to_json(pool_->engine_state().states)}});
    co_return Result<void>();
  }

  /// Retries until the platform answers; a refusal is final.
  Awaitable<void> enroll() {
    for (std::size_t failures = 0; !identity_.enrolled(); ++failures) {
      if (config_.enrollment_token.empty()) {
        co_return Error(ErrorCode::configuration,
                        "this sensor is not enrolled and has no enrollment token: set platform.enrollment_token or SENSOR_TOKEN");
      }
      protocol::Enrollment enrollment;
      enrollment.name = config_.name;
      enrollment.version = LANDWAITER_VERSION;
      enrollment.public_key = identity_.public_key;
      auto answer = co_await uplink_.enroll(std::move(enrollment), config_.enrollment_token);
      if (answer) {
        identity_.sensor_id = answer->sensor_id;
        identity_.token = answer->token;
        co_return save_identity(config_.state_directory, identity_);
      }
      if (!answer.error().transient()) co_return answer.error().with_context("enrollment was refused");
      log_event(LogLevel::warning, "platform is unreachable", {{"error", answer.error().message()}});
      if (stopping_) co_return Error(ErrorCode::cancelled, "stopped before the platform was reached");
      co_await pause_.sleep(backoff(failures, answer.error()));
    }
    co_return Result<void>();
  }

  asio::awaitable<void> take_jobs() {
    std::size_t failures = 0;
    while (!stopping_) {
      if (jobs_->running() >= config_.jobs) {
        co_await pause_.sleep(std::chrono::seconds(5));
        continue;
      }
      const bool can_store = co_await jobs_->can_store();
      if (!can_store) {
        co_await pause_.sleep(std::chrono::seconds(5));
        continue;
      }
      auto leased = co_await acquire();
      if (leased) {
        failures = 0;
        for (protocol::Job& job : leased->jobs) jobs_->start(std::move(job));
        for (protocol::UnreadableJob& job : leased->unreadable) jobs_->refuse(std::move(job));
        continue;
      }
      if (stopping_) co_return;
      log_event(LogLevel::warning, trouble_with_platform(leased.error()), {{"error", leased.error().message()}});
      ++failures;
      co_await pause_.sleep(backoff(failures, leased.error()));
    }
  }

  /// The long poll, in its own coroutine so stop() can end it.
  Awaitable<protocol::JobBatch> acquire() {
    const std::size_t capacity = config_.jobs - jobs_->running();
    auto token = asio::bind_cancellation_slot(acquire_cancel_.slot(), asio::use_awaitable);
    if (request_id_.empty()) request_id_ = run_ + "." + std::to_string(++requests_);
    auto polling = asio::co_spawn(executor_, uplink_.acquire(capacity, kAcquireWait, request_id_), std::move(token));
    try {
      auto batch = co_await std::move(polling);
      if (batch) request_id_.clear();
      co_return batch;
    } catch (const boost::system::system_error&) {
      co_return Error(ErrorCode::cancelled, "stopped");
    }
  }

  asio::awaitable<void> heartbeats() {
    std::chrono::seconds interval(1);
    while (!finished_) {
      auto answer = co_await beat();
      if (answer) interval = std::clamp(answer->interval, std::chrono::seconds(1), std::chrono::seconds(300));
      if (host_ != nullptr) host_->alive(std::to_string(jobs_->running()) + " jobs running" + (answer ? "" : std::string("; ") + trouble_));
      if (!finished_) co_await heartbeat_pause_.sleep(interval);
    }
  }

  Awaitable<protocol::HeartbeatAnswer> beat() {
    protocol::Heartbeat heartbeat;
    heartbeat.version = LANDWAITER_VERSION;
    heartbeat.states = pool_->engine_state().states;
    heartbeat.documents_state = pool_->documents_state();
    heartbeat.jobs = jobs_->progress();
    heartbeat.run = run_;
    auto answer = co_await uplink_.heartbeat(std::move(heartbeat));
    if (!answer) {
      log_event(LogLevel::debug, "heartbeat failed", {{"error", answer.error().message()}});
      trouble_ = trouble_with_platform(answer.error());
      if (answer.error().code() == ErrorCode::unsupported) give_up(answer.error());
      co_return answer;
    }
    for (const std::string& job : answer->lost) jobs_->drop(job, "lease lost");
    for (const std::string& job : answer->cancelled) jobs_->drop(job, "cancelled");
    co_return answer;
  }

  /// There is no common version of the protocol: this sensor could not report anything.
  void give_up(const Error& why) {
    if (gave_up_) return;
    gave_up_ = why;
    stopping_ = true;
    acquire_cancel_.emit(asio::cancellation_type::terminal);
    pause_.wake();
    jobs_->hand_back_all();
  }

  asio::awaitable<void> drain() {
    const SteadyTime deadline = clock_.steady_now() + config_.drain_timeout;
    while (jobs_->running() > 0 && clock_.steady_now() < deadline) co_await pause_.sleep(std::chrono::milliseconds(200));
    jobs_->hand_back_all();
    co_await jobs_->join();
  }

  asio::any_io_executor executor_;
  SensorConfig config_;
  const Clock& clock_;
  MakeContentReader make_reader_;
  Uplink uplink_;
  Sleeper pause_;
  Sleeper heartbeat_pause_;
  std::optional<FolderLock> lock_;  ///< two sensors of one identity would take each other's jobs
  SensorIdentity identity_;
  std::unique_ptr<StoreThread> store_;
  std::unique_ptr<ScanPool> pool_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<JobRunner> jobs_;
  ServiceHost* host_ = nullptr;
  asio::cancellation_signal acquire_cancel_;
  const std::string run_ = random_key().reveal();
  std::uint64_t requests_ = 0;
  std::string request_id_;  ///< of the request for jobs that has no answer yet
  std::stop_source outbox_stop_;
  const char* trouble_ = "";  ///< with the last heartbeat that failed
  bool stopping_ = false;
  bool finished_ = false;
  std::optional<Error> gave_up_;
};

Sensor::Sensor(asio::any_io_executor executor, SensorConfig config, const Clock& clock, MakeContentReader make_reader)
    : impl_(std::make_unique<Impl>(executor, std::move(config), clock, std::move(make_reader))) {}
Sensor::~Sensor() = default;
void Sensor::tell(ServiceHost& host) { impl_->tell(host); }
Awaitable<void> Sensor::run() { return impl_->run(); }
void Sensor::stop() { impl_->stop(); }

}  // namespace landwaiter::daemon
