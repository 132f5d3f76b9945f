// SPDX-License-Identifier: Apache-2.0
#include "daemon/commands/list_command.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/os/output_file.hpp"
#include "core/wire/filter.hpp"
#include "daemon/check/check_advice.hpp"
#include "daemon/commands/connector.hpp"
#include "daemon/commands/exit_code.hpp"
#include "daemon/commands/listing_tally.hpp"
#include "daemon/commands/scan_command.hpp"
#include "daemon/listing/registry_walk.hpp"
#include "daemon/output/list_writer.hpp"
#include "daemon/service/stop_signals.hpp"

#include <boost/asio/io_context.hpp>

#include <iostream>
#include <optional>
#include <sstream>

namespace landwaiter::daemon {
namespace {

using protocol::InventoryItem;

/// "docker://HOST/REPOSITORY" lists one repository; everything else names a registry.
struct ListTarget {
  std::string host;
  std::string repository;
};

ListTarget parse_target(std::string text) {
  constexpr std::string_view scheme = "docker://";
  if (!text.starts_with(scheme)) return {text, ""};
  text.erase(0, scheme.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {text, ""};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

/// One `landwaiter list`: pages go to the writer as they arrive.
class Listing {
 public:
  Listing(asio::io_context& io, const ListOptions& options, const Environment& environment, const Clock& clock,
          std::unique_ptr<storage::Store> store, OutputFile& out)
      : io_(io),
        options_(options),
        clock_(clock),
        connector_(io.get_executor(), options.connection, environment, clock),
        target_(parse_target(options.registry)),
        out_(out),
        timed_(options.created || options.filter.work.newest > 0 || !options.filter.pushed.empty()),
        writer_(make_list_writer(options.format, {timed_, options.whole_digests}, text_)),
        line_(options.progress, clock) {
    if (store) {
      store_.emplace(std::move(store));
      memory_ = std::make_shared<StoredManifests>(io.get_executor(), *store_, clock);
    }
  }

  Result<void> prepare() {
    auto work = options_.filter.at(clock_.now());
    if (!work) return work.error();
    work_ = *std::move(work);
    auto client = connector_.client(target_.host, target_.repository);
    if (!client) return client.error();
    client_ = *std::move(client);
    return {};
  }

  asio::awaitable<void> run() {
    Sleeper ticker(io_.get_executor());
    bool finished = false;
    TaskGroup drawing(io_.get_executor());
    if (line_.shown()) drawing.spawn(draw(ticker, finished));
    co_await list();
    finished = true;
    ticker.wake();
    co_await drawing.join();
  }

  void stop() { stop_.request_stop(); }

  int end() const {
    if (!written_) return fail_usage(written_.error());
    if (!fallback_.empty()) std::cerr << "landwaiter: " << fallback_ << "\n";
    if (!summary_.error.empty())
      std::cerr << "landwaiter: " << summary_.error << (login_advice_.empty() ? "" : "\nlandwaiter: ") << login_advice_ << "\n";
    else if (const std::string note = note_on_filters(); !note.empty()) std::cerr << "landwaiter: " << note << "\n";
    CommandEnd end;
    end.stopped = stop_.stop_requested();
    end.unread = !summary_.error.empty() || failed_ > 0;
    return exit_code(end);
  }

 private:
  asio::awaitable<void> draw(Sleeper& ticker, const bool& finished) {
    while (!finished) {
      line_.draw([this](std::size_t) { return progress_text(); });
      co_await ticker.sleep(std::chrono::milliseconds(100));
    }
    line_.clear();
  }

  std::string progress_text() const {
    std::string text = "listing " + printable(registry::without_login(target_.host));
    if (!target_.repository.empty()) text += "/" + printable(target_.repository);
    text += ": " + counted(summary_.repositories_listed, "repository", "repositories") + ", " +
            counted(items_, "tag or image", "tags and images");
    return failed_ == 0 ? text : text + ", " + std::to_string(failed_) + " failed";
  }

  asio::awaitable<void> list() {
    writer_->begin(registry::reference_host(client_->endpoint()));
    WalkOptions walk_options;
    walk_options.requests_in_flight = 2 * options_.connection.network.connections;
    // The table shows what an image is for, which its config says.
    walk_options.ask_configs = options_.created || options_.format == "table";
    walk_options.memory = memory_;
    auto deliver = [this](protocol::InventoryPage page) { return take(std::move(page)); };
    RegistryWalk walk(io_.get_executor(), client_, work_, deliver, stop_.get_token(), std::move(walk_options));
    Result<void> walked;
    if (target_.repository.empty()) {
      walked = co_await walk.run();
    } else {
      walked = co_await walk.run_repository(target_.repository);
    }
    fallback_ = walk.fallback();
    if (!walked) summary_.error = walked.error().message();
    if (!walked && walked.error().code() == ErrorCode::unauthorized && options_.connection.credentials.anonymous())
      login_advice_ = advice_for_login(walked.error(), true);
    writer_->end(summary_);
    written_ = write_text();
    if (written_) written_ = out_.finish();
    if (store_) {
      auto forget = [before = clock_.now() - storage::kUnusedKept](storage::Store& store) { return store.prune_listings(before); };
      auto forgotten = co_await store_->run(std::move(forget));
      line_.clear();
      if (!forgotten) std::cerr << "landwaiter: " << forgotten.error().message() << "\n";
    }
  }

  /// A result that is empty because of the filters is no failure, but may be a mistake.
  std::string note_on_filters() const {
    std::string note = note_on_repositories({work_.repositories, work_.exclude_repositories}, summary_.repositories_listed,
                                            summary_.repositories_filtered);
    return note.empty() ? tally_.nothing_found() : note;
  }

  Awaitable<void> take(protocol::InventoryPage page) {
    for (const InventoryItem& item : page.items) {
      writer_->write(item);
      if (item.outcome == protocol::ItemOutcome::failed) ++failed_;
    }
    tally_.add(page);
    items_ += page.items.size();
    summary_.repositories_listed = page.repositories_listed;
    summary_.repositories_filtered = page.repositories_filtered;
    co_return write_text();
  }

  /// A page at a time, so that whoever reads along sees it.
  Result<void> write_text() {
    if (!text_.view().empty()) line_.clear();
    auto written = out_.write(text_.view());
    text_.str({});
    return written ? out_.flush() : written;
  }

  asio::io_context& io_;
  const ListOptions& options_;
  const Clock& clock_;
  Connector connector_;
  ListTarget target_;
  OutputFile& out_;
  std::ostringstream text_;
  bool timed_;
  std::unique_ptr<ListWriter> writer_;
  StatusLine line_;
  std::optional<StoreThread> store_;
  std::shared_ptr<ManifestMemory> memory_;
  protocol::ListWork work_;
  std::shared_ptr<registry::Client> client_;
  std::stop_source stop_;
  ListSummary summary_;
  ListingTally tally_;
  std::string fallback_;
  std::string login_advice_;
  Result<void> written_;
  std::uint64_t items_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace

int run_list(ListOptions options, const Environment& environment) {
  StopSignals::end_process_with(exit_stopped);
  const RealClock clock;
  auto out = OutputFile::open(options.output);
  if (!out) return fail_usage(out.error());
  auto store = options.state.open();
  if (!store) return fail_usage(store.error());
  asio::io_context io(1);
  Listing listing(io, options, environment, clock, *std::move(store), *out);
  auto prepared = listing.prepare();
  if (!prepared) return fail_usage(prepared.error());

  StopSignals signals(io.get_executor(), StopSignals::Second::ends_process, [&listing] { listing.stop(); });
  auto finished = [&](std::exception_ptr failure) {
    signals.cancel();
    if (failure) std::rethrow_exception(failure);
  };
  asio::co_spawn(io, listing.run(), finished);
  io.run();
  return listing.end();
}

}  // namespace landwaiter::daemon
