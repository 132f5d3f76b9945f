// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan_command.hpp"

#include "core/filter.hpp"
#include "daemon/connect.hpp"
#include "daemon/identity.hpp"
#include "daemon/image_job.hpp"
#include "daemon/progress.hpp"
#include "daemon/tag_listing.hpp"
#include "registry/reference.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <optional>
#include <thread>

#include <unistd.h>

namespace landwaiter::daemon {
namespace {

using registry::Awaitable;

int fail_usage(const Error& error) {
  std::cerr << "landwaiter: " << error.message() << "\n";
  return exit_usage;
}

/// Everything that one `landwaiter scan` needs while it runs.
class Scan {
 public:
  Scan(asio::io_context& io, const ScanOptions& options, const Environment& environment, const Clock& clock,
       std::shared_ptr<const detectors::Engine> engine, std::unique_ptr<storage::Store> store)
      : io_(io),
        options_(options),
        clock_(clock),
        store_(std::move(store)),
        pool_(io.get_executor(), engine, worker_count(options)),
        claims_(io.get_executor(), store_, engine->state(), clock, !options.full),
        runner_(io.get_executor(), pool_, store_, clock),
        connector_(io.get_executor(), options.connection, environment, clock) {
    if (options.progress && isatty(STDERR_FILENO)) progress_.emplace(clock);
  }

  asio::awaitable<void> run() {
    Sleeper ticker(io_.get_executor());
    bool finished = false;
    TaskGroup drawing(io_.get_executor());
    if (progress_) drawing.spawn(draw(ticker, finished));
    auto scanning = scan_all();
    co_await std::move(scanning);
    finished = true;
    ticker.wake();
    co_await drawing.join();
    if (!options_.state_directory.empty()) {
      auto prune = [state = pool_.detector_state(), before = clock_.now() - std::chrono::days(90)](storage::Store& store) {
        return store.prune(state, before);
      };
      auto operation = store_.run(std::move(prune));
      auto pruned = co_await std::move(operation);
      if (!pruned) std::cerr << "landwaiter: " << pruned.error().message() << "\n";
    }
    std::ranges::stable_sort(images_, {}, [](const ImageReport& image) { return image.facts.reference; });
  }

  void stop() { stop_.request_stop(); }

  const std::vector<ImageReport>& images() const { return images_; }
  const std::vector<FailedImage>& failures() const { return failures_; }

 private:
  static std::size_t worker_count(const ScanOptions& options) {
    return options.workers > 0 ? options.workers : std::max(1u, std::thread::hardware_concurrency());
  }

  asio::awaitable<void> draw(Sleeper& ticker, const bool& finished) {
    while (!finished) {
      progress_->draw();
      co_await ticker.sleep(std::chrono::milliseconds(100));
    }
    progress_->clear();
  }

  asio::awaitable<void> scan_all() {
    // Two images a worker hide the wait for manifests; more would only hold memory.
    const std::size_t images_at_once = pool_.workers() * 2;
    TaskGroup group(io_.get_executor());
    for (const std::string& image : options_.images) {
      auto expanding = expand(image);
      auto tasks = co_await std::move(expanding);
      images_total_ += tasks.size();
      if (progress_) progress_->images_total(images_total_);
      for (ImageTask& task : tasks) {
        co_await group.below(images_at_once);
        group.spawn(scan_one(std::move(task)));
      }
    }
    co_await group.join();
  }

  /// The image manifests behind one name: one, or an index's members.
  asio::awaitable<std::vector<ImageTask>> expand(std::string image) {
    std::vector<ImageTask> tasks;
    auto target = connector_.open(image);
    if (!target) {
      failures_.push_back({registry::without_login(image), target.error()});
      co_return tasks;
    }
    auto listing = list_reference(target->source, target->reference, target->repository, target->tag);
    const auto items = co_await std::move(listing);
    std::size_t chosen = 0;
    for (const protocol::InventoryItem& item : items) {
      if (!wanted(item)) continue;
      ++chosen;
      if (item.outcome != "image") {
        failures_.push_back({image, Error(error_code_from(item.code).value_or(ErrorCode::internal), item.reason)});
        continue;
      }
      ImageTask task;
      task.source = target->source;
      task.digest = item.digest;
      task.display = image;
      task.platform = item.platform;
      task.book = LocalClaims::open_book(claims_);
      task.incremental = !options_.full;
      task.stop = stop_.get_token();
      tasks.push_back(std::move(task));
    }
    if (items.empty()) failures_.push_back({image, Error(ErrorCode::unsupported, "the index holds no image")});
    else if (chosen == 0) failures_.push_back({image, Error(ErrorCode::not_found, "the index has no image for that platform; it has " + platforms_of(items))});
    co_return tasks;
  }

  /// Platforms are chosen among an index's members only; an image that stands alone is what the user asked for.
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
    auto running = runner_.run(std::move(task));
    auto outcome = co_await std::move(running);
    if (progress_) progress_->image_done();
    if (!outcome) {
      failures_.push_back({display, outcome.error()});
      co_return;
    }
    auto composing = report(*std::move(outcome));
    auto image = co_await std::move(composing);
    if (image) images_.push_back(*std::move(image));
    else failures_.push_back({display, image.error()});
  }

  Awaitable<ImageReport> report(ImageOutcome outcome) {
    auto compose_image = [outcome = std::move(outcome), state = pool_.detector_state()](storage::Store& store) -> Result<ImageReport> {
      std::map<Digest, LayerReport> reports;
      std::vector<const LayerReport*> in_order;
      for (const Digest& layer : outcome.facts.layers) {
        auto known = reports.find(layer);
        if (known == reports.end()) {
          auto stored = store.layer_report(layer, state);
          if (!stored) return stored.error();
          if (!*stored) return Error(ErrorCode::internal, "the report of layer " + layer.str() + " was not stored");
          known = reports.emplace(layer, **std::move(stored)).first;
        }
        in_order.push_back(&known->second);
      }
      ImageReport image = compose(outcome.facts, state, in_order);
      image.layers_fetched = outcome.layers_fetched;
      image.layers_reused = outcome.layers_reused;
      return image;
    };
    auto operation = store_.run(std::move(compose_image));
    co_return co_await std::move(operation);
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
  std::vector<ImageReport> images_;
  std::vector<FailedImage> failures_;
};

Result<std::unique_ptr<storage::Store>> open_store(const ScanOptions& options) {
  if (options.state_directory.empty()) return storage::Store::open_in_memory();
  return storage::Store::open(options.state_directory);
}

Result<std::shared_ptr<const detectors::Engine>> make_engine(const ScanOptions& options) {
  detectors::DetectorContext context;
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

/// Ctrl-C ends the work in an orderly way; a second one at once.
void stop_on_signal(asio::signal_set& signals, std::function<void()> stop) {
  auto handle = [stop = std::move(stop), &signals](boost::system::error_code error, int) {
    if (error) return;
    signals.clear();
    std::cerr << "\nlandwaiter: stopping; once more to stop at once\n";
    stop();
  };
  signals.async_wait(std::move(handle));
}

}  // namespace

std::filesystem::path default_state_directory(const Environment& environment) {
  if (const auto chosen = environment("LANDWAITER_STATE")) return *chosen;
  if (const auto state = environment("XDG_STATE_HOME")) return std::filesystem::path(*state) / "landwaiter";
  return std::filesystem::path(environment("HOME").value_or("/root")) / ".local/state/landwaiter";
}

int run_scan(ScanOptions options, const Environment& environment) {
  const RealClock clock;
  auto engine = make_engine(options);
  if (!engine) return fail_usage(engine.error());
  auto store = open_store(options);
  if (!store) return fail_usage(store.error());

  asio::io_context io(1);
  Scan scan(io, options, environment, clock, *engine, *std::move(store));
  asio::signal_set signals(io, SIGINT, SIGTERM);
  stop_on_signal(signals, [&scan] { scan.stop(); });
  auto finished = [&](std::exception_ptr failure) {
    signals.cancel();
    if (failure) std::rethrow_exception(failure);
  };
  asio::co_spawn(io, scan.run(), finished);
  io.run();

  const bool color = options.output.empty() && isatty(STDOUT_FILENO);
  const std::string text = options.format == "json" ? render_json(scan.images(), scan.failures())
                                                    : render_tables(scan.images(), scan.failures(), color);
  auto written = write_output(options.output, text);
  if (!written) return fail_usage(written.error());
  if (options.format == "json" || !options.output.empty()) {
    for (const FailedImage& failure : scan.failures()) std::cerr << "landwaiter: " << failure.reference << ": " << failure.error.message() << "\n";
  }
  return exit_code(options, scan);
}

}  // namespace landwaiter::daemon
