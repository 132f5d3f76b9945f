// SPDX-License-Identifier: Apache-2.0
#include "platform/platform.hpp"

#include "core/os/files.hpp"
#include "platform/http/http_server.hpp"
#include "platform/maintenance.hpp"
#include "platform/metrics_page.hpp"
#include "platform/notifier.hpp"
#include "platform/requests.hpp"
#include "platform/resources.hpp"
#include "platform/store/dialect.hpp"
#include "platform/store/queue/processes.hpp"
#include "platform/store/schema.hpp"
#include "platform/store/sensors.hpp"
#include "storage/database/copy.hpp"
#include "storage/database/migrations.hpp"
#include "storage/postgres/postgres_listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <utility>

namespace landwaiter::platform {
namespace {

namespace asio = boost::asio;
using storage::Database;
using Kind = Transaction::Kind;

Result<void> open_database(Database& database, const Vault& vault) {
  auto whole = storage::refuse_unfinished_copy(database);
  if (!whole) return whole;
  auto migrated = storage::migrate(database, schema_steps());
  if (!migrated) return migrated;
  Transaction transaction(database, Kind::write);
  auto fits = check_master_key(transaction, vault);
  if (!fits) return fits;
  return transaction.commit();
}

/// A new key would open nothing of what is stored.
Result<void> key_is_here(Database& database, const std::filesystem::path& key_file) {
  std::error_code unknown;
  if (std::filesystem::exists(key_file, unknown)) return {};
  const auto version = storage::schema_version(database);
  if (!version) return version.error();
  if (*version == 0) return {};
  Transaction transaction(database, Kind::read);
  if (transaction.number("SELECT count(*) FROM meta WHERE name='master_key_check'") == 0) return {};
  return Error(ErrorCode::configuration, key_file.string() + " is missing, and " + database.name() +
                                             " has secrets that it alone opens: put the master key there that was kept with its backup");
}

Notifier::Config notifications(const Resources& resources) {
  const auto connecting = [&config = resources.config] { return connect(config); };
  const auto listening = [&config = resources.config] {
    return storage::listen_to_postgres({.address = config.database}, Notifier::kChannel);
  };
  return {.process = resources.process, .connect = connecting, .listen = listening};
}

}  // namespace

struct Platform::Impl {
  std::shared_ptr<Resources> resources;
  std::shared_ptr<Requests> requests;
  std::shared_ptr<Maintenance> maintenance;
  std::shared_ptr<Notifier> notifier;  ///< on PostgreSQL only
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpServer> metrics_server;  ///< if asked for
  std::unique_ptr<asio::steady_timer> stop_timer;
  std::string database_name;

  void make_parts(asio::io_context& io);
  Result<void> listen() const;
  void stop_servers() const;
  Result<void> announce() const;
};

void Platform::Impl::make_parts(asio::io_context& io) {
  const auto executor = io.get_executor();
  if (resources->on_postgres()) {
    // It must not keep alive what holds it.
    const auto heard = [this](TopicSet changes) { requests->wake(changes); };
    notifier = std::make_shared<Notifier>(executor, notifications(*resources), heard);
  }
  const auto changed = [this](TopicSet changes) {
    if (notifier) notifier->publish(changes);
  };
  requests = std::make_shared<Requests>(resources, executor, changed);
  Maintenance::Hooks hooks{[this](TopicSet changes) { requests->publish(changes); }, [this](TopicSet changes) { requests->wake(changes); }};
  maintenance = std::make_shared<Maintenance>(resources, executor, std::move(hooks));
  server = std::make_unique<HttpServer>(io, requests);
  if (resources->config.metrics) metrics_server = std::make_unique<HttpServer>(io, std::make_shared<MetricsPage>(resources));
  stop_timer = std::make_unique<asio::steady_timer>(executor);
}

Result<void> Platform::Impl::listen() const {
  HttpServerConfig http = resources->config.http;
  http.metrics = resources->metrics;
  auto started = server->start(http);
  if (!started || !metrics_server) return started;
  return metrics_server->start(*resources->config.metrics);
}

void Platform::Impl::stop_servers() const {
  for (HttpServer* const stopping : {server.get(), metrics_server.get()}) {
    if (stopping != nullptr) stopping->stop(resources->config.stop_grace);
  }
}

Result<void> Platform::Impl::announce() const {
  auto database = connect(resources->config);
  if (!database) return database.error();
  Transaction transaction(**database, Kind::write);
  const auto time = database_time(transaction);
  if (time && resources->config.database_time) resources->clock.start_at(*time);
  start_process(transaction, {resources->process, LANDWAITER_VERSION}, resources->terms());
  return transaction.commit();
}

Platform::Platform(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Platform::~Platform() {
  stop();
  impl_->server.reset();
  impl_->metrics_server.reset();
  // From here on only the caller's thread uses the io_context.
  if (impl_->notifier) impl_->notifier->end();
  impl_->resources->lanes.reset();
}

Result<std::unique_ptr<Platform>> Platform::create(PlatformConfig config, const Clock& clock) {
  auto folder = make_private_directory(config.state_directory);
  if (!folder) return folder.error();
  const auto key_file = master_key_file(config);
  auto database = connect(config);
  if (!database) return database.error();
  auto here = key_is_here(**database, key_file);
  if (!here) return here.error();
  auto vault = Vault::open(key_file);
  if (!vault) return vault.error();
  auto blobs = open_blob_store(config.reports, config.variables, clock);
  if (!blobs) return blobs.error();
  auto opened = open_database(**database, *vault);
  if (!opened) return opened.error();
  auto impl = std::make_shared<Impl>();
  impl->database_name = (*database)->name();
  impl->resources = std::make_shared<Resources>(std::move(config), clock, *std::move(vault), *std::move(blobs));
  // PostgreSQL's are made when they are needed.
  if (!impl->resources->on_postgres()) opened = impl->resources->lanes->connect();
  if (!opened) return opened.error();
  return std::unique_ptr<Platform>(new Platform(std::move(impl)));
}

Result<void> Platform::start(asio::io_context& io) {
  auto announced = impl_->announce();
  if (!announced) return announced;
  impl_->make_parts(io);
  auto started = impl_->listen();
  if (!started) return started;
  impl_->requests->start();
  if (impl_->notifier) impl_->notifier->start();
  asio::co_spawn(io, impl_->maintenance->run(), asio::detached);
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
  if (std::exchange(impl_->resources->stopping, true) || !impl_->server) return;
  impl_->requests->stop();
  impl_->maintenance->stop();
  if (impl_->notifier) impl_->notifier->stop();
  const PlatformConfig& config = impl_->resources->config;
  if (config.stop_delay.count() == 0) {
    impl_->stop_servers();
    return;
  }
  impl_->stop_timer->expires_after(config.stop_delay);
  impl_->stop_timer->async_wait([impl = impl_](const boost::system::error_code& failed) {
    if (!failed) impl->stop_servers();
  });
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
