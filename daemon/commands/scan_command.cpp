// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/scan_command.hpp"

#include "core/assess/assess.hpp"
#include "core/os/terminal.hpp"
#include "core/report/compose.hpp"
#include "core/wire/filter.hpp"
#include "daemon/commands/connector.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/listing/registry_walk.hpp"
#include "daemon/listing/tag_listing.hpp"
#include "daemon/output/progress.hpp"
#include "daemon/scan/image_runner.hpp"
#include "daemon/sensor/sensor_identity.hpp"
#include "daemon/service/stop_signals.hpp"
#include "daemon/settings/blocklist_file.hpp"
#include "daemon/settings/policy_file.hpp"
#include "registry/client/reference.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <set>

namespace landwaiter::daemon {
namespace {

/// The settings have been checked when they were read.
RateFloor floor_of(const ScanOptions& options) { return rate_floor(options.connection.network, worker_count(options.workers)).value(); }

/// Everything that one `landwaiter scan` needs while it runs.
class Scan {
 public:
  Scan(asio::io_context& io, const ScanOptions& options, const Environment& environment, const Clock& clock,
       std::shared_ptr<const detectors::Engine> engine, std::unique_ptr<storage::Store> store)
      : io_(io),
        options_(options),
        clock_(clock),
        store_(std::move(store)),
        pool_(io.get_executor(), engine, worker_count(options.workers), clock, floor_of(options)),
        claims_(io.get_executor(), store_, engine->state(), clock, !options.full),
        runner_(io.get_executor(), pool_, store_, clock),
        connector_(io.get_executor(), options.connection, environment, clock) {
    if (options.progress && is_terminal(StandardStream::error)) progress_.emplace(clock);
  }

  asio::awaitable<void> run() {
    Sleeper ticker(io_.get_executor());
    bool finished = false;
    TaskGroup drawing(io_.get_executor());
    if (progress_) drawing.spawn(draw(ticker, finished));
    co_await scan_all();
    finished = true;
    ticker.wake();
    co_await drawing.join();
    if (!options_.state_directory.empty()) {
      auto prune = [before = clock_.now() - storage::kUnusedKept](storage::Store& store) { return store.prune(before); };
      auto pruned = co_await store_.run(std::move(prune));
      if (!pruned) std::cerr << "landwaiter: " << pruned.error().message() << "\n";
    }
    std::ranges::stable_sort(images_, {}, [](const ImageReport& image) { return image.facts.reference; });
  }

  void stop() { stop_.request_stop(); }

  std::vector<ImageReport>& images() { return images_; }
  const std::vector<ImageReport>& images() const { return images_; }
  const std::vector<FailedImage>& failures() const { return failures_; }

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
      failures_.push_back({host, client.error()});
      co_return;
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
    if (!walked) failures_.push_back({host, walked.error()});
    // The walk's sink refers to the group, which outlives it; the tasks own the client.
  }

  Awaitable<void> scan_page(protocol::InventoryPage page, std::string host, std::shared_ptr<registry::Client> client, TaskGroup& group,
                            std::size_t images_at_once) {
    for (const protocol::InventoryItem& item : page.items) {
      const std::string name = host + "/" + item.repository + (item.tag.empty() ? "@" + item.digest.str() : ":" + item.tag);
      if (item.outcome == protocol::ItemOutcome::filtered) continue;
      if (item.outcome != protocol::ItemOutcome::image) {
        failures_.push_back({name, Error(error_code_from(item.code).value_or(ErrorCode::internal), item.reason)});
        continue;
      }
      // Tags are names: an image with several tags is one image.
      if (!seen_.insert(item.digest).second) continue;
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
      failures_.push_back({registry::without_login(image), target.error()});
      co_return tasks;
    }
    const auto items = co_await list_reference(target->source, target->reference, target->repository, target->tag);
    std::size_t chosen = 0;
    for (const protocol::InventoryItem& item : items) {
      if (!wanted(item)) continue;
      ++chosen;
      if (item.outcome != protocol::ItemOutcome::image) {
        failures_.push_back({image, Error(error_code_from(item.code).value_or(ErrorCode::internal), item.reason)});
        continue;
      }
      ImageTask task = task_for(item, image);
      task.source = target->source;
      tasks.push_back(std::move(task));
    }
    if (items.empty()) failures_.push_back({image, Error(ErrorCode::unsupported, "the index holds no image")});
    else if (chosen == 0)
      failures_.push_back({image, Error(ErrorCode::not_found, "the index has no image for that platform; it has " + platforms_of(items))});
    co_return tasks;
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
    auto outcome = co_await runner_.run(std::move(task));
    if (progress_) progress_->image_done();
    if (!outcome) {
      failures_.push_back({display, outcome.error()});
      co_return;
    }
    auto image = co_await report(*std::move(outcome));
    if (image) images_.push_back(*std::move(image));
    else failures_.push_back({display, image.error()});
  }

  Awaitable<ImageReport> report(ImageOutcome outcome) {
    auto compose_image = [outcome = std::move(outcome), engine = pool_.engine_state()](storage::Store& store) -> Result<ImageReport> {
      std::map<Digest, ScannedLayer> layers;
      for (const Digest& layer : outcome.facts.layers) {
        if (layers.contains(layer)) continue;
        auto stored = store.layer(layer, engine);
        if (!stored) return stored.error();
        if (!*stored) return Error(ErrorCode::internal, "the report of layer " + layer.str() + " was not stored");
        layers.emplace(layer, **std::move(stored));
      }
      ImageReport image = compose(outcome.facts, engine.states, layers);
      image.layers_fetched = outcome.layers_fetched;
      image.layers_reused = outcome.layers_reused;
      return image;
    };
    co_return co_await store_.run(std::move(compose_image));
  }

  asio::io_context& io_;
  const ScanOptions& options_;
  const Clock& clock_;
  StoreThread store_;
  ScanPool pool_;
  LocalClaims claims_;
  ImageRunner runner_;
  Connector connector_;
  std::stop_source stop_;
  std::optional<ProgressLine> progress_;
  std::size_t images_total_ = 0;
  std::set<Digest> seen_;  ///< of registries
  std::vector<ImageReport> images_;
  std::vector<FailedImage> failures_;
};

Result<std::unique_ptr<storage::Store>> open_store(const ScanOptions& options) {
  if (options.state_directory.empty()) return storage::Store::open_in_memory();
  return storage::Store::open(options.state_directory);
}

Result<std::shared_ptr<const detectors::Engine>> make_engine(const ScanOptions& options) {
  detectors::DetectorContext context;
  context.try_passwords = options.try_passwords;
  if (options.state_directory.empty()) {
    context.identity_key = random_key();
  } else {
    auto key = local_identity_key(options.state_directory);
    if (!key) return key.error();
    context.identity_key = *std::move(key);
  }
  return detectors::Engine::create(context);
}

int exit_code(const ScanOptions& options, const Scan& scan) {
  if (!scan.failures().empty()) return exit_some_failed;
  for (const ImageReport& image : scan.images()) {
    for (const Finding& finding : image.findings) {
      if (std::ranges::any_of(options.fail_on, [&](const FailRule& rule) { return rule.met_by(finding); })) return exit_rule_met;
    }
  }
  return exit_done;
}

/// What findings are judged by; read first, so a misspelled policy fails before the scan.
struct Judgment {
  Policy policy;
  std::shared_ptr<const Blocklist> blocklist;

  void pass_on(std::vector<ImageReport>& images, SystemTime now) const {
    const AssessOutcome outcome = assess_all(images, policy, now, blocklist.get());
    if (outcome.moduli_left_out == 0) return;
    std::cerr << "landwaiter: " << outcome.moduli_left_out << " RSA keys were not compared for shared primes: there are too many\n";
  }
};

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

std::string rendered(const ScanOptions& options, const Scan& scan, const Environment& environment) {
  if (options.format != "table")
    return render(options.format, options.cyclonedx_version, scan.images(), scan.failures(), environment("SOURCE_DATE_EPOCH").value_or(""));
  const bool terminal = options.output.empty() && is_terminal(StandardStream::output);
  TableStyle style;
  const auto no_color = environment("NO_COLOR");
  const auto columns = environment("COLUMNS");
  style.color = wants_color(terminal, no_color ? no_color->c_str() : nullptr);
  const auto its_columns = terminal ? terminal_columns(StandardStream::output) : std::nullopt;
  style.width = terminal_width(its_columns, columns ? columns->c_str() : nullptr);
  style.all = options.all;
  return render_tables(scan.images(), scan.failures(), style);
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
  auto engine = make_engine(options);
  if (!engine) return fail_usage(engine.error());
  auto store = open_store(options);
  if (!store) return fail_usage(store.error());

  asio::io_context io(1);
  Scan scan(io, options, environment, clock, *engine, *std::move(store));
  StopSignals signals(io.get_executor(), StopSignals::Second::ends_process, [&scan] {
    std::cerr << "\nlandwaiter: stopping; press Ctrl-C again to stop immediately\n";
    scan.stop();
  });
  auto finished = [&](std::exception_ptr failure) {
    signals.cancel();
    if (failure) std::rethrow_exception(failure);
  };
  asio::co_spawn(io, scan.run(), finished);
  io.run();

  judgment->pass_on(scan.images(), clock.now());
  auto written = write_output(options.output, rendered(options, scan, environment));
  if (!written) return fail_usage(written.error());
  if (options.format != "table" || !options.output.empty()) {
    for (const FailedImage& failure : scan.failures())
      std::cerr << "landwaiter: " << failure.reference << ": " << failure.error.message() << "\n";
  }
  return exit_code(options, scan);
}

}  // namespace landwaiter::daemon
