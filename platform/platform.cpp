// SPDX-License-Identifier: Apache-2.0
#include "platform/platform.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/os/files.hpp"
#include "platform/api/routes.hpp"
#include "platform/http/http_server.hpp"
#include "platform/http/lane.hpp"
#include "platform/http/router.hpp"
#include "platform/http/static_files.hpp"
#include "platform/http/wakeup.hpp"
#include "platform/metrics/metrics.hpp"
#include "platform/metrics_page.hpp"
#include "platform/store/layers.hpp"
#include "platform/store/queue.hpp"
#include "platform/store/sensors.hpp"
#include "storage/database/migrations.hpp"
#include "storage/postgres/postgres_database.hpp"
#include "storage/sqlite/sqlite_database.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace landwaiter::platform {
namespace {

namespace asio = boost::asio;
using storage::Database;
using Kind = Transaction::Kind;
using SteadyClock = std::chrono::steady_clock;

constexpr storage::SqliteOptions kSqliteOptions{.busy_timeout = std::chrono::seconds(30), .survive_power_cut = true};

/// Layers that are no longer needed are searched periodically and dropped a few at a time, so the writer is not blocked.
constexpr std::chrono::hours kPruneInterval{1};
constexpr std::size_t kPrunedAtOnce = 200;

/// The result of a handler's turn on a lane.
struct Turn {
  Response response = problem_of(Error(ErrorCode::internal, ""));
  std::optional<Call::NothingYet> nothing_yet;
  TopicSet changes;
};

std::filesystem::path database_file(const PlatformConfig& config) { return config.state_directory / "platform.db"; }

Result<std::unique_ptr<Database>> connect(const PlatformConfig& config) {
  if (!config.database.empty()) return storage::open_postgres({.address = config.database});
  auto opened = storage::SqliteDatabase::open(database_file(config), kSqliteOptions);
  if (!opened) return opened.error();
  return std::unique_ptr<Database>(*std::move(opened));
}

Response failure(const Request& request, const Error& error) {
  if (error.code() == ErrorCode::io || error.code() == ErrorCode::internal) {
    log_event(LogLevel::error, "request failed", {{"method", request.method}, {"path", request.path}, {"error", error.message()}});
  }
  return problem_of(error);
}

}  // namespace

/// A request on its way through the platform: its route, who calls, and since when.
struct Platform::Admitted final : Admission, std::enable_shared_from_this<Platform::Admitted> {
  Admitted(std::shared_ptr<Impl> owner, const Route& its_route, Parameters in_path)
      : platform(std::move(owner)), route(its_route), parameters(std::move(in_path)) {}

  std::shared_ptr<Impl> platform;
  const Route& route;
  Parameters parameters;
  Principal who;
  SteadyClock::time_point came = SteadyClock::now();

  std::uint64_t body_bytes_max() const override { return route.body_bytes_max; }
  asio::awaitable<Response> handle(std::shared_ptr<Request> request) override;
};

struct Platform::Impl : HttpApplication, std::enable_shared_from_this<Platform::Impl> {
  Impl(PlatformConfig given, const Clock& time, Vault opened)
      : config(std::move(given)), clock(time), vault(std::move(opened)), router(all_routes()) {}

  PlatformConfig config;
  const Clock& clock;
  Vault vault;
  Router router;
  std::optional<Lane> reader;
  std::optional<Lane> writer;
  std::array<Wakeup, kTopics.size()> wakeups;
  std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
  StaticFiles files;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpServer> metrics_server;
  std::string database_name;
  std::unique_ptr<asio::steady_timer> reap_timer;
  bool stopping = false;

  LeaseTerms terms() const { return {clock.now(), config.lease, config.image_time_max}; }
  AssessContext assess_context() const { return {&config.policy, clock.now(), config.blocklist.get(), nullptr}; }
  Wakeup& wakeup(Topic topic) { return wakeups[static_cast<std::size_t>(topic)]; }
  void notify(TopicSet changes);
  Result<void> open_database();
  Result<void> renew_leases();

  asio::awaitable<Verdict> admit(std::shared_ptr<Request> head) override;

  asio::awaitable<std::optional<Principal>> find_principal(std::shared_ptr<Request> head);
  Awaitable<Handler> prepare(std::shared_ptr<Request> request, std::shared_ptr<const Admitted> admitted);
  asio::awaitable<Turn> take_turn(std::shared_ptr<Request> request, std::shared_ptr<const Admitted> admitted, Handler handler);
  asio::awaitable<Response> answer(std::shared_ptr<Request> request, std::shared_ptr<const Admitted> admitted);
  asio::awaitable<void> reap_loop();
  bool prune(Database& database) const;
  Call make_call(const Request& request, const Admitted& admitted, Transaction* transaction) const;
  void run_turn(Database& database, const Request& request, const Admitted& admitted, const Handler& handler, Turn& turn) const;
};

void Platform::Impl::notify(TopicSet changes) {
  for (const Topic topic : kTopics) {
    if (changes.has(topic)) wakeup(topic).notify();
  }
}

/// While no platform served, no sensor could renew a lease.
Result<void> Platform::Impl::renew_leases() {
  auto database = connect(config);
  if (!database) return database.error();
  Transaction transaction(**database, Kind::write);
  extend_leases_after_start(transaction, terms());
  return transaction.commit();
}

Result<void> Platform::Impl::open_database() {
  auto writing = connect(config);
  if (!writing) return writing.error();
  auto migrated = storage::migrate(**writing, schema_steps());
  if (!migrated) return migrated;
  {
    Transaction transaction(**writing, Kind::write);
    auto fits = check_master_key(transaction, vault);
    if (!fits) return fits;
    auto committed = transaction.commit();
    if (!committed) return committed;
  }
  auto reading = connect(config);
  if (!reading) return reading.error();
  database_name = (*writing)->name();
  writer.emplace(*std::move(writing));
  reader.emplace(*std::move(reading));
  return {};
}

asio::awaitable<std::optional<Principal>> Platform::Impl::find_principal(std::shared_ptr<Request> head) {
  const auto found = std::make_shared<std::optional<Principal>>();
  Lane::Work work = [this, head, found](Database& database) {
    Transaction transaction(database, Kind::read);
    *found = authenticate(transaction, head->token, clock.now());
  };
  co_await reader->run(std::move(work));
  co_return *found;
}

asio::awaitable<HttpApplication::Verdict> Platform::Impl::admit(std::shared_ptr<Request> head) {
  const auto self = shared_from_this();
  Verdict verdict;
  Router::Match match = router.match(head->method, head->segments);
  if (match.route == nullptr) {
    verdict.refusal = match.allow.empty() ? files.answer(*head) : std::nullopt;
    if (verdict.refusal) co_return verdict;
    verdict.refusal = match.allow.empty() ? problem(404, "not found") : problem(405, "this path does not support this method");
    if (!match.allow.empty()) verdict.refusal->headers.emplace_back("Allow", match.allow);
    co_return verdict;
  }
  head->route = match.route->path;
  const auto admitted = std::make_shared<Admitted>(self, *match.route, std::move(match.parameters));
  if (const auto needed = match.route->needs.permission()) {
    std::optional<Principal> who;
    if (!head->token.empty()) who = co_await find_principal(head);
    if (!who) {
      verdict.refusal = problem(401, "a valid token is needed");
      co_return verdict;
    }
    head->caller = who->id;
    if (!who->may.has(*needed)) {
      verdict.refusal = problem(403, "this kind of token does not allow this");
      co_return verdict;
    }
    admitted->who = *std::move(who);
  }
  verdict.admission = admitted;
  co_return verdict;
}

Call Platform::Impl::make_call(const Request& request, const Admitted& admitted, Transaction* transaction) const {
  return Call{.request = request,
              .parameters = admitted.parameters,
              .who = admitted.who,
              .vault = vault,
              .state_directory = config.state_directory,
              .terms = terms(),
              .assess = assess_context(),
              .decoded_body_bytes_max = std::max(admitted.route.body_bytes_max, admitted.route.decoded_body_bytes_max),
              .transaction = transaction};
}

void Platform::Impl::run_turn(Database& database, const Request& request, const Admitted& admitted, const Handler& handler,
                              Turn& turn) const {
  Transaction transaction(database, admitted.route.lane == LaneKind::writer ? Kind::write : Kind::read);
  Call call = make_call(request, admitted, &transaction);
  auto response = handler(call);
  // After a failed statement the handler saw no rows, so its answer is meaningless: the database's error counts.
  if (!response && !transaction.failed()) {
    turn.response = failure(request, response.error());
    return;
  }
  auto committed = transaction.commit();
  if (!committed) {
    turn.response = failure(request, committed.error());
    return;
  }
  turn.response = *std::move(response);
  turn.nothing_yet = call.nothing_yet;
  turn.changes = call.changes;
}

asio::awaitable<Turn> Platform::Impl::take_turn(std::shared_ptr<Request> request, std::shared_ptr<const Admitted> admitted,
                                                Handler handler) {
  const auto turn = std::make_shared<Turn>();
  Lane& lane = admitted->route.lane == LaneKind::writer ? *writer : *reader;
  Lane::Work work = [this, request, admitted, handler, turn](Database& database) {
    run_turn(database, *request, *admitted, handler, *turn);
  };
  co_await lane.run(std::move(work));
  notify(turn->changes);
  co_return std::move(*turn);
}

Awaitable<Handler> Platform::Impl::prepare(std::shared_ptr<Request> request, std::shared_ptr<const Admitted> admitted) {
  const auto prepared = std::make_shared<Result<Handler>>(Error(ErrorCode::internal, "the request could not be prepared"));
  Lane::Work work = [this, request, admitted, prepared](Database&) {
    const Call call = make_call(*request, *admitted, nullptr);
    *prepared = admitted->route.prepare(call);
  };
  co_await reader->run(std::move(work));
  co_return std::move(*prepared);
}

asio::awaitable<Response> Platform::Impl::answer(std::shared_ptr<Request> request, std::shared_ptr<const Admitted> admitted) {
  Handler handler = admitted->route.handler;
  if (admitted->route.prepare) {
    auto prepared = co_await prepare(request, admitted);
    if (!prepared) co_return failure(*request, prepared.error());
    handler = *std::move(prepared);
  }
  while (true) {
    std::array<std::uint64_t, kTopics.size()> seen{};
    for (const Topic topic : kTopics) seen[static_cast<std::size_t>(topic)] = wakeup(topic).version();
    Turn turn = co_await take_turn(request, admitted, handler);
    if (!turn.nothing_yet || stopping) co_return std::move(turn.response);
    const auto deadline = admitted->came + turn.nothing_yet->wait;
    if (SteadyClock::now() >= deadline) co_return std::move(turn.response);
    const Topic awaited = turn.nothing_yet->topic;
    co_await wakeup(awaited).wait_beyond(seen[static_cast<std::size_t>(awaited)], deadline);
    // Jobs must not be leased to a caller that has disconnected.
    if (stopping || (request->peer_gone && request->peer_gone())) co_return std::move(turn.response);
  }
}

asio::awaitable<Response> Platform::Admitted::handle(std::shared_ptr<Request> request) {
  co_return co_await platform->answer(std::move(request), shared_from_this());
}

/// True when there may be more to drop.
bool Platform::Impl::prune(Database& database) const {
  Transaction transaction(database, Kind::write);
  const std::int64_t dropped = prune_layers(transaction, kPrunedAtOnce, clock.now());
  const auto committed = transaction.commit();
  if (!committed) log_event(LogLevel::error, "old layer reports cannot be dropped", {{"error", committed.error().message()}});
  return committed && dropped > 0;
}

asio::awaitable<void> Platform::Impl::reap_loop() {
  const auto self = shared_from_this();
  SystemTime looked = clock.now();
  SystemTime prune_at = looked;
  while (!stopping) {
    boost::system::error_code ignored;
    reap_timer->expires_after(config.reap_interval);
    co_await reap_timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (stopping) co_return;
    const LeaseTerms lease = terms();
    const auto changes = std::make_shared<TopicSet>();
    Lane::Work work = [changes, looked, lease](Database& database) {
      Transaction transaction(database, Kind::write);
      const bool reaped = reap_leases(transaction, lease);
      const bool ready = delayed_job_became_ready(transaction, looked, lease.now);
      if (!transaction.commit() || !(reaped || ready)) return;
      for (const Topic topic : kTopics) changes->add(topic);
    };
    co_await writer->run(std::move(work));
    looked = lease.now;
    if (lease.now >= prune_at) {
      const auto more = std::make_shared<bool>(false);
      Lane::Work pruning = [this, more](Database& database) { *more = prune(database); };
      co_await writer->run(std::move(pruning));
      prune_at = *more ? lease.now : lease.now + kPruneInterval;
    }
    notify(*changes);
  }
}

Platform::Platform(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Platform::~Platform() {
  stop();
  impl_->server.reset();
  impl_->metrics_server.reset();
  // From here on only the caller's thread uses the io_context.
  impl_->reader.reset();
  impl_->writer.reset();
}

Result<std::unique_ptr<Platform>> Platform::create(PlatformConfig config, const Clock& clock) {
  auto folder = make_private_directory(config.state_directory);
  if (!folder) return folder.error();
  const auto key_file = config.master_key_file.empty() ? config.state_directory / "master.key" : config.master_key_file;
  auto vault = Vault::open(key_file);
  if (!vault) return vault.error();
  auto impl = std::make_shared<Impl>(std::move(config), clock, *std::move(vault));
  auto opened = impl->open_database();
  if (!opened) return opened.error();
  return std::unique_ptr<Platform>(new Platform(std::move(impl)));
}

Result<void> Platform::start(asio::io_context& io) {
  auto renewed = impl_->renew_leases();
  if (!renewed) return renewed;
  impl_->server = std::make_unique<HttpServer>(io, impl_);
  HttpServerConfig http = impl_->config.http;
  http.metrics = impl_->metrics;
  auto started = impl_->server->start(http);
  if (started && impl_->config.metrics) {
    impl_->metrics_server = std::make_unique<HttpServer>(io, std::make_shared<MetricsPage>(impl_->metrics));
    started = impl_->metrics_server->start(*impl_->config.metrics);
  }
  if (!started) return started;
  impl_->reap_timer = std::make_unique<asio::steady_timer>(io);
  asio::co_spawn(io, impl_->reap_loop(), asio::detached);
  return {};
}

std::uint16_t Platform::port() const { return impl_->server ? impl_->server->port() : std::uint16_t{0}; }

std::uint16_t Platform::metrics_port() const { return impl_->metrics_server ? impl_->metrics_server->port() : std::uint16_t{0}; }

const std::string& Platform::database_name() const { return impl_->database_name; }

Result<std::uint16_t> Platform::listen_inside() { return impl_->server->listen_inside(); }

void Platform::reload() {
  if (impl_->server) impl_->server->reload_certificate();
}

void Platform::stop() {
  if (impl_->stopping) return;
  impl_->stopping = true;
  for (HttpServer* const server : {impl_->server.get(), impl_->metrics_server.get()}) {
    if (server != nullptr) server->stop(impl_->config.stop_grace);
  }
  if (impl_->reap_timer) impl_->reap_timer->cancel();
  for (Wakeup& wakeup : impl_->wakeups) wakeup.notify();
}

Result<Secret> issue_token(const PlatformConfig& config, TokenKind kind, std::string_view name,
                           std::optional<std::chrono::seconds> lifetime, const Clock& clock) {
  std::error_code unknown;
  if (config.database.empty() && !std::filesystem::exists(database_file(config), unknown)) {
    return Error(ErrorCode::not_found, config.state_directory.string() + " holds no platform: start `landwaiter-platform serve --state " +
                                           config.state_directory.string() + "` first, or name its folder");
  }
  auto database = connect(config);
  if (!database) return database.error();
  const auto version = storage::schema_version(**database);
  if (!version) return version.error();
  if (*version != static_cast<std::int64_t>(schema_steps().size())) {
    return Error(ErrorCode::configuration, (*database)->name() + ": its schema is " + std::to_string(*version) + ", this program's is " +
                                               std::to_string(schema_steps().size()) + ": use the program that serves it");
  }
  Transaction transaction(**database, Kind::write);
  NewToken made = create_token(transaction, kind, name, std::nullopt, clock.now(), lifetime);
  auto committed = transaction.commit();
  if (!committed) return committed.error();
  return std::move(made.token);
}

}  // namespace landwaiter::platform
