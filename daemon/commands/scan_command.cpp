// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/scan_command.hpp"

#include "core/os/terminal.hpp"
#include "core/wire/filter.hpp"
#include "daemon/commands/connector.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/scan_results.hpp"
#include "daemon/listing/registry_walk.hpp"
#include "daemon/listing/tag_listing.hpp"
#include "daemon/output/progress.hpp"
#include "daemon/reader/content_reader.hpp"
#include "daemon/scan/image_runner.hpp"
#include "daemon/scan/worker_count.hpp"
#include "daemon/sensor/sensor_identity.hpp"
#include "daemon/service/stop_signals.hpp"
#include "daemon/settings/blocklist_file.hpp"
#include "daemon/settings/policy_file.hpp"
#include "registry/client/reference.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <iostream>
#include <optional>

namespace landwaiter::daemon {
namespace {

struct Workers {
  std::size_t number = 1;
  RateFloor floor;
};

/// Says so if fewer are started than asked for.
Result<Workers> workers_for(const ScanOptions& options) {
  const WorkerPlan plan = plan_workers({options.workers, options.memory_bytes});
  if (options.workers > 0 && !plan.fewer.empty()) std::cerr << "landwaiter: " << plan.fewer << "\n";
  auto floor = rate_floor(options.connection.network, plan.workers);
  if (!floor) return floor.error();
  return Workers{plan.workers, *floor};
}

/// The text of all reports of one image, as a part of a reader's memory: composed and written it takes some six times its length, when no
/// reader runs any more.
constexpr std::uint64_t kReportsShare = 4;

/// Everything that one `landwaiter scan` needs while it runs.
class Scan {
 public:
  Scan(asio::io_context& io, const ScanOptions& options, const Environment& environment, const Clock& clock,
       std::shared_ptr<ContentReader> reader, const Workers& workers, std::unique_ptr<storage::Store> store,
       std::unique_ptr<storage::ScanSpool> spool)
      : io_(io),
        options_(options),
        clock_(clock),
        store_(std::move(store)),
        pool_(io.get_executor(), std::move(reader), workers.number, clock, workers.floor),
        claims_(io.get_executor(), store_, pool_.engine_state(), clock, !options.full),
        runner_(io.get_executor(), pool_, store_, clock),
        results_(store_, pool_.engine_state(), std::move(spool), options.memory_bytes / kReportsShare),
        connector_(io.get_executor(), options.connection, environment, clock) {
    if (options.progress && is_terminal(StandardStream::error)) progress_.emplace(clock);
  }

  /// Reads everything, then writes it.
  Awaitable<ScanResults::Totals> run(const Judgment& judgment, ReportWriter& writer, OutputFile& out) {
    Sleeper ticker(io_.get_executor());
    bool finished = false;
    TaskGroup drawing(io_.get_executor());
    if (progress_) drawing.spawn(draw(ticker, finished));
    co_await scan_all();
    pool_.close();
    finished = true;
    ticker.wake();
    co_await drawing.join();
    if (broken_) co_return *broken_;
    const bool tell_failures = options_.format != "table" || !options_.output.empty();
    auto totals = co_await results_.write(judgment, clock_.now(), options_.fail_on, tell_failures, writer, out);
    if (!options_.state_directory.empty()) {
      auto prune = [before = clock_.now() - storage::kUnusedKept](storage::Store& store) { return store.prune(before); };
      auto pruned = co_await store_.run(std::move(prune));
      if (!pruned) std::cerr << "landwaiter: " << pruned.error().message() << "\n";
    }
    co_return totals;
  }

  void stop() { stop_.request_stop(); }

 private:
  asio::awaitable<void> draw(Sleeper& ticker, const bool& finished) {
    while (!finished) {
      progress_->draw();
      co_await ticker.sleep(std::chrono::milliseconds(100));
    }
    progress_->clear();
  }

  asio::awaitable<void> scan_all() {
    // Two images per worker hide the wait for manifests; more would only use memory.
    const std::size_t images_at_once = pool_.workers() * 2;
    TaskGroup group(io_.get_executor());
    for (const std::string& image : options_.images) {
      auto tasks = co_await expand(image);
      images_total_ += tasks.size();
      if (progress_) progress_->images_total(images_total_);
      for (ImageTask& task : tasks) {
        co_await group.below(images_at_once);
        group.spawn(scan_one(std::move(task)));
      }
    }
    for (const std::string& host : options_.registries) {
      co_await scan_registry(host, group, images_at_once);
    }
    co_await group.join();
  }

  /// Images are scanned while the listing continues; it waits for them, so no queue builds up.
  asio::awaitable<void> scan_registry(std::string host, TaskGroup& group, std::size_t images_at_once) {
    auto client = connector_.client(host);
    if (!client) {
      co_return co_await fail(host, client.error());
    }
    protocol::ListWork work;
    work.platforms = options_.platforms;
    auto deliver = [this, host, client = *client, &group, images_at_once](protocol::InventoryPage page) {
      return scan_page(std::move(page), host, client, group, images_at_once);
    };
    WalkOptions walk_options;
    walk_options.requests_in_flight = 2 * options_.connection.network.connections;
    RegistryWalk walk(io_.get_executor(), *client, work, deliver, stop_.get_token(), std::move(walk_options));
    auto walked = co_await walk.run();
    if (!walked) co_await fail(host, walked.error());
    // The walk's sink refers to the group, which outlives it; the tasks own the client.
  }

  Awaitable<void> scan_page(protocol::InventoryPage page, std::string host, std::shared_ptr<registry::Client> client, TaskGroup& group,
                            std::size_t images_at_once) {
    for (const protocol::InventoryItem& item : page.items) {
      const std::string name = host + "/" + item.repository + (item.tag.empty() ? "@" + item.digest.str() : ":" + item.tag);
      if (item.outcome == protocol::ItemOutcome::filtered) continue;
      if (item.outcome != protocol::ItemOutcome::image) {
        co_await fail(name, error_of(item));
        continue;
      }
      // Tags are names: an image with several tags is one image.
      auto fresh = co_await results_.first_time(item.digest);
      if (!fresh) co_return fresh.error();
      if (!*fresh) continue;
      ImageTask task = task_for(item, name);
      task.source = registry::Client::repository_source(client, item.repository);
      ++images_total_;
      if (progress_) progress_->images_total(images_total_);
      co_await group.below(images_at_once);
      group.spawn(scan_one(std::move(task)));
    }
    co_return Result<void>();
  }

  ImageTask task_for(const protocol::InventoryItem& item, const std::string& name) {
    ImageTask task;
    task.digest = item.digest;
    task.display = name;
    task.platform = item.platform;
    task.book = LocalClaims::open_book(claims_);
    task.incremental = !options_.full;
    task.stop = stop_.get_token();
    return task;
  }

  /// The image manifests behind one name: one, or an index's members.
  asio::awaitable<std::vector<ImageTask>> expand(std::string image) {
    std::vector<ImageTask> tasks;
    auto target = connector_.open(image);
    if (!target) {
      std::string name = registry::without_login(image);
      co_await fail(std::move(name), target.error());
      co_return tasks;
    }
    const auto items = co_await list_reference(target->source, target->reference, target->repository, target->tag);
    std::size_t chosen = 0;
    for (const protocol::InventoryItem& item : items) {
      if (!wanted(item)) continue;
      ++chosen;
      if (item.outcome != protocol::ItemOutcome::image) {
        co_await fail(image, error_of(item));
        continue;
      }
      ImageTask task = task_for(item, image);
      task.source = target->source;
      tasks.push_back(std::move(task));
    }
    std::optional<Error> none;
    if (items.empty()) none = Error(ErrorCode::unsupported, "the index holds no image");
    else if (chosen == 0) none = Error(ErrorCode::not_found, "the index has no image for that platform; it has " + platforms_of(items));
    if (none) co_await fail(image, *none);
    co_return tasks;
  }

  static Error error_of(const protocol::InventoryItem& item) {
    return {error_code_from(item.code).value_or(ErrorCode::internal), item.reason};
  }

  asio::awaitable<void> fail(std::string reference, Error error) {
    auto noted = co_await results_.fail(std::move(reference), std::move(error));
    if (!noted) give_up(noted.error());
  }

  /// Results cannot be kept, so going on is of no use.
  void give_up(const Error& error) {
    if (!broken_) broken_ = error;
    stop_.request_stop();
  }

  /// Platforms are chosen among an index's members only; a single image is what the user asked for.
  bool wanted(const protocol::InventoryItem& item) const {
    return item.index_digest.empty() || matches_platform(item.platform, options_.platforms);
  }

  static std::string platforms_of(const std::vector<protocol::InventoryItem>& items) {
    std::string out;
    for (const protocol::InventoryItem& item : items) out += (out.empty() ? "" : ", ") + item.platform;
    return out;
  }

  asio::awaitable<void> scan_one(ImageTask task) {
    const std::string display = task.display;
    if (progress_) progress_->image_started(task.counters);
    auto damaged = co_await read_and_keep(task);
    // Stored reports may be damaged, but not what was read just now.
    if (damaged && !damaged->empty()) damaged = co_await read_and_keep(task);
    if (progress_) progress_->image_done(task.counters);
    if (damaged && !damaged->empty()) damaged = Error(ErrorCode::io, "the state folder does not keep what is written to it");
    if (!damaged) co_await fail(display, damaged.error());
  }

  /// The layers whose stored reports were damaged.
  Awaitable<std::vector<Digest>> read_and_keep(ImageTask task) {
    auto outcome = co_await runner_.run(std::move(task));
    if (!outcome) co_return outcome.error();
    co_return co_await results_.keep(*std::move(outcome));
  }

  asio::io_context& io_;
  const ScanOptions& options_;
  const Clock& clock_;
  StoreThread store_;
  ScanPool pool_;
  LocalClaims claims_;
  ImageRunner runner_;
  ScanResults results_;
  Connector connector_;
  std::stop_source stop_;
  std::optional<ProgressLine> progress_;
  std::size_t images_total_ = 0;
  std::optional<Error> broken_;
};

Result<std::unique_ptr<storage::Store>> open_store(const ScanOptions& options) {
  if (options.state_directory.empty()) return storage::Store::open_temporary();
  return storage::Store::open(options.state_directory);
}

Result<std::shared_ptr<ContentReader>> make_reader(const ScanOptions& options) {
  ReaderSettings settings;
  settings.context.try_passwords = options.try_passwords;
  settings.memory_bytes_max = options.memory_bytes;
  if (options.state_directory.empty()) {
    settings.context.identity_key = random_key();
  } else {
    auto key = local_identity_key(options.state_directory);
    if (!key) return key.error();
    settings.context.identity_key = *std::move(key);
  }
  return make_content_reader(settings);
}

Result<Judgment> make_judgment(const ScanOptions& options) {
  Judgment judgment;
  auto policy = load_policy(options.policy);
  if (!policy) return policy.error();
  judgment.policy = *std::move(policy);
  if (options.blocklist.empty()) return judgment;
  auto blocklist = open_blocklist(options.blocklist);
  if (!blocklist) return blocklist.error();
  judgment.blocklist = *std::move(blocklist);
  return judgment;
}

std::unique_ptr<ReportWriter> make_writer(const ScanOptions& options, const Environment& environment) {
  const bool terminal = options.output.empty() && is_terminal(StandardStream::output);
  TableStyle style;
  const auto no_color = environment("NO_COLOR");
  const auto columns = environment("COLUMNS");
  style.color = wants_color(terminal, no_color ? no_color->c_str() : nullptr);
  const auto its_columns = terminal ? terminal_columns(StandardStream::output) : std::nullopt;
  style.width = terminal_width(its_columns, columns ? columns->c_str() : nullptr);
  style.all = options.all;
  return make_report_writer(options.format, options.cyclonedx_version, environment("SOURCE_DATE_EPOCH").value_or(""), style);
}

int exit_code(const ScanResults::Totals& totals) {
  if (totals.moduli_left_out > 0) {
    std::cerr << "landwaiter: " << totals.moduli_left_out << " RSA keys were not compared for shared primes: there are too many\n";
  }
  if (totals.failures + totals.incomplete > 0 && !totals.rule_met) return exit_some_failed;
  return totals.rule_met ? exit_rule_met : exit_done;
}

}  // namespace

std::filesystem::path default_state_directory(const Environment& environment) {
  if (const auto chosen = environment("LANDWAITER_STATE")) return *chosen;
  if (const auto state = environment("XDG_STATE_HOME")) return std::filesystem::path(*state) / "landwaiter";
  return std::filesystem::path(environment("HOME").value_or("/root")) / ".local/state/landwaiter";
}

int run_scan(ScanOptions options, const Environment& environment) {
  const RealClock clock;
  auto judgment = make_judgment(options);
  if (!judgment) return fail_usage(judgment.error());
  const auto workers = workers_for(options);
  if (!workers) return fail_usage(workers.error());
  auto reader = make_reader(options);
  if (!reader) return fail_usage(reader.error());
  auto store = open_store(options);
  if (!store) return fail_usage(store.error());

  auto spool = storage::ScanSpool::open();
  if (!spool) return fail_usage(spool.error());
  auto out = OutputFile::open(options.output);
  if (!out) return fail_usage(out.error());
  const auto writer = make_writer(options, environment);

  asio::io_context io(1);
  Scan scan(io, options, environment, clock, *std::move(reader), *workers, *std::move(store), *std::move(spool));
  StopSignals signals(io.get_executor(), StopSignals::Second::ends_process, [&scan] {
    std::cerr << "\nlandwaiter: stopping; press Ctrl-C again to stop immediately\n";
    scan.stop();
  });
  std::optional<Result<ScanResults::Totals>> totals;
  auto finished = [&](std::exception_ptr failure, Result<ScanResults::Totals> result) {
    signals.cancel();
    if (failure) std::rethrow_exception(failure);
    totals = std::move(result);
  };
  asio::co_spawn(io, scan.run(*judgment, *writer, *out), finished);
  io.run();
  if (!*totals) return fail_usage(totals->error());
  return exit_code(**totals);
}

}  // namespace landwaiter::daemon
