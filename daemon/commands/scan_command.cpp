// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/scan_command.hpp"

#include "core/base/text.hpp"
#include "core/export/export.hpp"
#include "core/os/terminal.hpp"
#include "core/wire/filter.hpp"
#include "daemon/check/check_advice.hpp"
#include "daemon/commands/connector.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/listing_tally.hpp"
#include "daemon/commands/scan_results.hpp"
#include "daemon/listing/registry_walk.hpp"
#include "daemon/listing/tag_listing.hpp"
#include "daemon/output/progress.hpp"
#include "daemon/output/status_line.hpp"
#include "daemon/reader/content_reader.hpp"
#include "daemon/scan/image_runner.hpp"
#include "daemon/scan/worker_count.hpp"
#include "daemon/sensor/sensor_identity.hpp"
#include "daemon/service/stop_signals.hpp"
#include "registry/client/reference.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <set>

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

/// A tree of files is read again without what changed in the meantime. More would be no end where something always changes.
constexpr int kChangesMax = 4;

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
        connector_(io.get_executor(), options.connection, environment, clock),
        line_(options.progress, clock),
        status_(clock) {}

  /// Before signals are waited for: until a pipe ends they end the process, as those of other programs in the pipe.
  void receive() { connector_.receive(options_.images); }

  /// Reads everything, then writes it.
  Awaitable<void> run(Judgment& judgment, ReportOutputs& outputs, ScanSummary& summary) {
    Sleeper ticker(io_.get_executor());
    bool finished = false;
    TaskGroup drawing(io_.get_executor());
    if (line_.shown()) drawing.spawn(draw(ticker, finished));
    co_await scan_all();
    pool_.close();
    status_.writing_begins();
    // The result itself must not meet the line.
    finished = broken_ || (shows_result(options_.report) && is_terminal(StandardStream::output));
    ticker.wake();
    if (finished) co_await drawing.join();
    if (broken_) co_return *broken_;
    auto tell = [this](const std::string& text) { say(text); };
    ScanResults::Order order = options_.worst_first ? ScanResults::Order::severity : ScanResults::Order::image;
    auto written = co_await results_.write(judgment, clock_.now(), order, tell, outputs, summary);
    finished = true;
    ticker.wake();
    co_await drawing.join();
    if (!options_.state.directory.empty()) {
      auto prune = [before = clock_.now() - storage::kUnusedKept](storage::Store& store) { return store.prune(before); };
      auto pruned = co_await store_.run(std::move(prune));
      if (!pruned) say(pruned.error().message());
    }
    co_return written;
  }

  void stop() {
    stopped_ = true;
    stop_.request_stop();
  }
  bool stopped() const { return stopped_; }
  std::uint64_t layers_read() const { return results_.layers_read(); }

  /// On standard error, beside the line.
  void say(const std::string& text) {
    line_.clear();
    std::cerr << "landwaiter: " << text << "\n";
  }

 private:
  asio::awaitable<void> draw(Sleeper& ticker, const bool& finished) {
    while (!finished) {
      line_.draw([this](std::size_t columns) { return status_.text(columns); });
      co_await ticker.sleep(std::chrono::milliseconds(100));
    }
    line_.clear();
  }

  asio::awaitable<void> scan_all() {
    // Two images per worker hide the wait for manifests; more would only use memory.
    const std::size_t images_at_once = pool_.workers() * 2;
    TaskGroup group(io_.get_executor());
    for (const std::string& image : options_.images) {
      if (stopped_) break;
      const bool last = &image == &options_.images.back() && options_.registries.empty();
      if (!last) status_.listing_begins(printable(registry::without_login(image)));
      auto tasks = co_await expand(image);
      if (last) status_.listing_ends();
      images_total_ += tasks.size();
      status_.images_total(images_total_);
      for (ImageTask& task : tasks) {
        co_await group.below(images_at_once);
        group.spawn(scan_one(std::move(task)));
      }
    }
    for (const std::string& host : options_.registries) {
      if (stopped_) break;
      status_.listing_begins(printable(registry::without_login(host)));
      co_await scan_registry(host, group, images_at_once);
    }
    status_.listing_ends();
    co_await group.join();
    for (const auto& [host, tally] : tallies_) {
      const std::string passed_over = tally.passed_over();
      if (!passed_over.empty()) notes_.insert(host + ": " + passed_over);
    }
    for (const std::string& note : notes_) say(note);
  }

  /// Images are scanned while the listing continues; it waits for them, so no queue builds up.
  asio::awaitable<void> scan_registry(std::string address, TaskGroup& group, std::size_t images_at_once) {
    auto client = connector_.client(address);
    if (!client) {
      co_return co_await fail(address, client.error());
    }
    // However the address was spelled, the references in reports are the same.
    const std::string host = registry::reference_host((*client)->endpoint());
    auto work = options_.filter.at(clock_.now());
    if (!work) co_return co_await fail(address, work.error());
    auto deliver = [this, host, client = *client, &group, images_at_once](protocol::InventoryPage page) {
      return scan_page(std::move(page), host, client, group, images_at_once);
    };
    WalkOptions walk_options;
    walk_options.requests_in_flight = 2 * options_.connection.network.connections;
    RegistryWalk walk(io_.get_executor(), *client, *work, deliver, stop_.get_token(), std::move(walk_options));
    auto walked = co_await walk.run();
    if (!walked) {
      co_await fail(host, walked.error());
    } else {
      const ListingTally& tally = tallies_[host];
      if (const std::string fallback = walk.fallback(); !fallback.empty()) notes_.insert(host + ": " + fallback);
      std::string note =
          note_on_repositories({work->repositories, work->exclude_repositories}, tally.repositories, tally.repositories_left_out);
      if (note.empty()) note = tally.nothing_found();
      if (!note.empty()) notes_.insert(host + ": " + note);
    }
    // The walk's sink refers to the group, which outlives it; the tasks own the client.
  }

  Awaitable<void> scan_page(protocol::InventoryPage page, std::string host, std::shared_ptr<registry::Client> client, TaskGroup& group,
                            std::size_t images_at_once) {
    ListingTally& tally = tallies_[host];
    tally.add(page);
    for (const protocol::InventoryItem& item : page.items) {
      const std::string name = host + "/" + item.repository + (item.tag.empty() ? "@" + item.digest.str() : ":" + item.tag);
      if (item.outcome == protocol::ItemOutcome::filtered || item.outcome == protocol::ItemOutcome::gone || is_artifact(item)) continue;
      if (item.outcome != protocol::ItemOutcome::image) {
        co_await fail(name, error_of(item));
        continue;
      }
      // Tags are names: an image with several tags is one image.
      auto fresh = co_await results_.first_name(item.digest, name);
      if (!fresh) co_return fresh.error();
      if (!*fresh) continue;
      ImageTask task = task_for(item, name);
      task.source = registry::Client::repository_source(client, item.repository);
      ++images_total_;
      status_.images_total(images_total_);
      co_await group.below(images_at_once);
      group.spawn(scan_one(std::move(task), &tally));
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
        co_await fail(target->name, error_of(item));
        continue;
      }
      ImageTask task = task_for(item, target->name);
      task.source = target->source;
      tasks.push_back(std::move(task));
    }
    std::optional<Error> none;
    if (items.empty()) none = Error(ErrorCode::unsupported, "the index holds no image");
    else if (chosen == 0) none = Error(ErrorCode::not_found, "the index has no image for that platform; it has " + platforms_of(items));
    if (none) co_await fail(target->name, *none);
    co_return tasks;
  }

  static Error error_of(const protocol::InventoryItem& item) {
    return {error_code_from(item.code).value_or(ErrorCode::internal), item.reason};
  }

  asio::awaitable<void> fail(std::string reference, Error error, Digest image = {}) {
    if (error.code() == ErrorCode::unauthorized && options_.connection.credentials.anonymous())
      notes_.insert("for a registry that wants a login, " + advice_for_login(error, true));
    auto noted = co_await results_.fail(printable(reference), std::move(error), std::move(image));
    if (!noted) give_up(noted.error());
  }

  /// Results cannot be kept, so going on is of no use.
  void give_up(const Error& error) {
    if (!broken_) broken_ = error;
    stop_.request_stop();
  }

  /// Platforms are chosen among an index's members only; a single image is what the user asked for.
  bool wanted(const protocol::InventoryItem& item) const {
    return item.index_digest.empty() || matches_platform(item.platform, options_.filter.work.platforms);
  }

  static std::string platforms_of(const std::vector<protocol::InventoryItem>& items) {
    std::string out;
    for (const protocol::InventoryItem& item : items) out += (out.empty() ? "" : ", ") + item.platform;
    return out;
  }

  /// `tally` is the registry's whose images are all scanned.
  asio::awaitable<void> scan_one(ImageTask task, ListingTally* tally = nullptr) {
    const std::string display = task.display;
    const Digest digest = task.digest;
    status_.image_started(printable(display), task.counters);
    auto damaged = co_await read_and_keep(task);
    for (int again = 0; !damaged && task.source->outdated() && again < kChangesMax && !stop_.stop_requested(); ++again) {
      auto now = co_await task.source->manifest("");
      if (!now) break;
      task.digest = now->digest;
      damaged = co_await read_and_keep(task);
    }
    // Stored reports may be damaged, but not what was read just now.
    if (damaged && !damaged->empty()) damaged = co_await read_and_keep(task);
    status_.image_done(task.counters);
    if (damaged && !damaged->empty()) damaged = Error(ErrorCode::io, "the state folder does not keep what is written to it");
    if (damaged) co_return;
    bool expected = false;
    if (tally != nullptr) expected = co_await passed_over(task, damaged.error(), *tally);
    if (!expected) co_await fail(display, damaged.error(), digest);
  }

  /// A listing knows an index's members by name alone, and images go while it is read. Its manifest says what it is: one that lacks a layer
  /// is an image that could not be read.
  asio::awaitable<bool> passed_over(ImageTask task, Error error, ListingTally& tally) {
    const auto outcome = failed_item("", "", error).outcome;
    if (outcome != protocol::ItemOutcome::gone && outcome != protocol::ItemOutcome::unsupported) co_return false;
    const std::string digest = task.digest.str();
    auto manifest = co_await task.source->manifest(digest);
    const bool gone = !manifest && failed_item("", "", manifest.error()).outcome == protocol::ItemOutcome::gone;
    const bool artifact = manifest && manifest->image && !manifest->image->is_image();
    if (gone) ++tally.gone;
    if (artifact) ++tally.artifacts;
    co_return gone || artifact;
  }

  /// The layers whose stored reports were damaged.
  Awaitable<std::vector<Digest>> read_and_keep(ImageTask task) {
    auto outcome = co_await runner_.run(std::move(task));
    if (!outcome) co_return outcome.error();
    const ImageFacts& facts = outcome->facts;
    if (!matches_platform(facts.platform, options_.filter.work.platforms))
      notes_.insert(facts.reference + " has one platform, which is not the one asked for: it was scanned as " + printable(facts.platform));
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
  StatusLine line_;
  ScanStatus status_;
  std::size_t images_total_ = 0;
  std::map<std::string, ListingTally> tallies_;  ///< by registry's host
  std::set<std::string> notes_;                  ///< for the end
  bool stopped_ = false;
  std::optional<Error> broken_;
};

/// In a folder, or until the end of this scan if that is empty.
/// Without a usable folder of its own a scan still has its result.
Result<std::unique_ptr<storage::Store>> open_store(StateFolder& state) {
  auto store = state.open();
  if (!store) return store.error();
  return *store ? std::move(store) : storage::Store::open_temporary();
}

Result<std::shared_ptr<ContentReader>> make_reader(const ScanOptions& options) {
  ReaderSettings settings;
  settings.context.try_passwords = options.try_passwords;
  settings.memory_bytes_max = options.memory_bytes;
  return make_content_reader(settings);
}

}  // namespace

int run_scan(ScanOptions options, const Environment& environment) {
  StopSignals::end_process_with(exit_stopped);
  const RealClock clock;
  const SteadyTime started = clock.steady_now();
  auto filter = options.filter.at(clock.now());
  if (!filter) return fail_usage(filter.error());
  const std::string epoch = environment("SOURCE_DATE_EPOCH").value_or("");
  if (!epoch.empty() && exports::timestamp_from_epoch(epoch).empty()) {
    return fail_usage(Error(ErrorCode::invalid_argument,
                            "SOURCE_DATE_EPOCH is " + landwaiter::quoted(epoch) + ", and no number of seconds since 1970 (date +%s)"));
  }
  auto judgment = make_judgment(options.judging);
  if (!judgment) return fail_usage(judgment.error());
  const auto workers = workers_for(options);
  if (!workers) return fail_usage(workers.error());
  auto outputs = ReportOutputs::open(options.report, environment);
  if (!outputs) return fail_usage(outputs.error());
  auto store = open_store(options.state);
  if (!store) return fail_usage(store.error());
  auto reader = make_reader(options);
  if (!reader) return fail_usage(reader.error());
  auto spool = storage::ScanSpool::open();
  if (!spool) return fail_usage(spool.error());

  asio::io_context io(1);
  Scan scan(io, options, environment, clock, *std::move(reader), *workers, *std::move(store), *std::move(spool));
  scan.receive();
  StopSignals signals(io.get_executor(), StopSignals::Second::ends_process, [&scan] {
    scan.say("stopping; press Ctrl-C again to stop immediately");
    scan.stop();
  });
  ScanSummary summary(options.judging.fail_on);
  std::optional<Result<void>> done;
  auto finished = [&](std::exception_ptr failure, Result<void> result) {
    signals.cancel();
    if (failure) std::rethrow_exception(failure);
    done = std::move(result);
  };
  asio::co_spawn(io, scan.run(*judgment, *outputs, summary), finished);
  io.run();
  if (!*done) return fail_usage(done->error());
  tell_decisions(judgment->decisions, clock.now());
  summary.set_effort(scan.layers_read(), std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady_now() - started));
  if (!options.quiet) std::cerr << summary.text(written_text(options.report.outputs));
  return exit_code(judged_end(summary, options.judging, scan.stopped()));
}

}  // namespace landwaiter::daemon
