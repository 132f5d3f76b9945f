// SPDX-License-Identifier: Apache-2.0
#include "platform/maintenance.hpp"

#include "core/base/log.hpp"
#include "core/os/files.hpp"
#include "platform/store/content/blob_garbage.hpp"
#include "platform/store/dialect.hpp"
#include "platform/store/maintenance.hpp"
#include "platform/store/queue/processes.hpp"
#include "platform/store/queue/sweeper.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace landwaiter::platform {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

/// What is no longer needed is searched periodically and dropped a few at a time, so the writer is not blocked.
constexpr std::chrono::hours kPruneInterval{1};
constexpr auto kProbeInterval = 10s;
/// A report that no row names any more stays, for who is about to read it and for backups that name it.
constexpr std::chrono::hours kBlobStays{24};
constexpr std::size_t kBlobsAtOnce = 200;
/// A process that drops what is outdated and is killed leaves that to the others after so long.
constexpr auto kHeld = 10s;
/// Whoever waits for a layer asks the database again, so that is done less often than looking for jobs.
constexpr std::uint64_t kRoundsForLayers = 5;

TopicSet all_topics() {
  TopicSet all;
  for (const Topic topic : kTopics) all.add(topic);
  return all;
}

}  // namespace

Maintenance::Maintenance(std::shared_ptr<Resources> resources, const asio::any_io_executor& io, Hooks hooks)
    : resources_(std::move(resources)),
      hooks_(std::move(hooks)),
      sleeper_(io),
      random_(std::random_device{}()),
      prune_at_(resources_->clock.now()),
      follow_at_(resources_->machine.steady_now() + ServiceClock::kTold),
      ours_until_(prune_at_),
      probe_at_(SteadyClock::now() + kProbeInterval) {}

void Maintenance::stop() {
  stopping_ = true;
  sleeper_.wake();
}

/// Up to a fifth more or less, so that several processes do not all come at once.
std::chrono::milliseconds Maintenance::pause() {
  const auto interval = resources_->config.reap_interval;
  return interval - interval / 5 + interval * static_cast<int>(random_() % 401) / 1000;
}

asio::awaitable<bool> Maintenance::in_transaction(std::string_view what, Step step) {
  Lane::Body body = [step = std::move(step)](Transaction& transaction) -> Result<void> {
    step(transaction);
    return {};
  };
  auto done = co_await resources_->lanes->writing.run(storage::Access::write, std::move(body));
  if (!done) log_event(LogLevel::error, "maintenance failed", {{"task", what}, {"error", done.error().message()}});
  co_return done.has_value();
}

asio::awaitable<bool> Maintenance::if_ours(std::string_view what, Step step) {
  const SystemTime now = resources_->clock.now();
  if (!resources_->on_postgres() || ours_until_ > now + kHeld / 2) co_return co_await in_transaction(what, std::move(step));
  const auto ours = std::make_shared<bool>(false);
  Step first = [ours, now, process = resources_->process, step = std::move(step)](Transaction& transaction) {
    *ours = hold_maintenance(transaction, "maintenance", process, now, kHeld);
    if (*ours) step(transaction);
  };
  const bool done = co_await in_transaction(what, std::move(first));
  ours_until_ = done && *ours ? now + kHeld : now;
  co_return done;
}

/// Tells the others that this process lives, also when the sweeping is not its work; and looks what time it is for them.
asio::awaitable<void> Maintenance::announce() {
  const bool ask = resources_->on_postgres() && resources_->config.database_time;
  struct Look {
    SystemTime time;
    SteadyTime at;
  };
  const auto look = std::make_shared<Look>(Look{resources_->machine.now(), resources_->machine.steady_now()});
  Step step = [resources = resources_, now = resources_->clock.now(), look, ask](Transaction& transaction) {
    note_process(transaction, {resources->process, LANDWAITER_VERSION}, now);
    const auto there = ask ? database_time(transaction) : std::nullopt;
    if (there) *look = {*there, resources->machine.steady_now()};
  };
  const bool noted = co_await in_transaction("noting that this process lives", std::move(step));
  if (!noted || look->at < follow_at_) co_return;
  follow_at_ = look->at + ServiceClock::kTold;
  resources_->clock.follow(look->time, look->at);
}

/// Each process sweeps: what one has locked, the others pass over.
asio::awaitable<void> Maintenance::sweep_all() {
  const auto swept = std::make_shared<Swept>();
  swept->more = true;
  bool found = false;
  while (swept->more && !stopping_) {
    Step step = [swept, terms = resources_->terms()](Transaction& transaction) { *swept = sweep(transaction, terms); };
    const bool done = co_await in_transaction("sweeping", std::move(step));
    if (!done) break;
    found = found || swept->jobs;
  }
  if (found) hooks_.changed(all_topics());
}

asio::awaitable<void> Maintenance::prune() {
  const SystemTime now = resources_->clock.now();
  if (now < prune_at_) co_return;
  const auto more = std::make_shared<bool>(false);
  // A transaction may be run again, and then goes on where the round was.
  const auto round = std::make_shared<RetentionRound>(retention_);
  Step step = [more, round, before = retention_, now](Transaction& transaction) {
    *round = before;
    *more = drop_outdated(transaction, *round, {}, now).more;
  };
  const bool done = co_await if_ours("dropping of what is outdated", std::move(step));
  if (done) retention_ = *round;
  const bool more_blobs = co_await remove_blobs();
  prune_at_ = done && (*more || more_blobs) ? now : now + kPruneInterval;
}

/// A blob is removed outside of any transaction: marked before, and forgotten after.
/// True if there are more.
asio::awaitable<bool> Maintenance::remove_blobs() {
  BlobStore* const blobs = resources_->blobs.get();
  if (blobs == nullptr) co_return false;
  const auto names = std::make_shared<std::vector<std::string>>();
  const SystemTime before = resources_->clock.now() - kBlobStays;
  Step take = [names, before](Transaction& transaction) { *names = take_garbage(transaction, before, kBlobsAtOnce); };
  const bool taken = co_await if_ours("choosing reports to remove", std::move(take));
  if (!taken || names->empty()) co_return false;
  const auto removed = std::make_shared<std::vector<std::string>>();
  Workers::Work remove = [blobs, names, removed] {
    for (const std::string& name : *names) {
      const auto gone = blobs->remove(name);
      if (gone) removed->push_back(name);
      else return log_event(LogLevel::error, "maintenance failed", {{"task", "removing reports"}, {"error", gone.error().message()}});
    }
  };
  co_await resources_->lanes->cpu.run(std::move(remove));
  Step forget = [removed](Transaction& transaction) { forget_garbage(transaction, *removed); };
  const bool forgotten = co_await in_transaction("forgetting removed reports", std::move(forget));
  co_return forgotten && removed->size() == kBlobsAtOnce;
}

/// Notifications of other processes may be lost, or not come at all.
void Maintenance::poll() {
  if (!resources_->on_postgres()) return;
  TopicSet perhaps;
  perhaps.add(Topic::jobs);
  if (++rounds_ % kRoundsForLayers == 0) perhaps = all_topics();
  hooks_.woken(perhaps);
}

asio::awaitable<void> Maintenance::find_out_whether_ready() {
  if (SteadyClock::now() < probe_at_ && !resources_->unready) co_return;
  probe_at_ = SteadyClock::now() + kProbeInterval;
  const auto space = std::make_shared<Result<void>>();
  Workers::Work look = [space, folder = resources_->config.state_directory] { *space = try_space(folder); };
  co_await resources_->lanes->cpu.run(std::move(look));
  Step step = [now = resources_->clock.now()](Transaction& transaction) { probe(transaction, now); };
  const bool written = co_await in_transaction("a trial write", std::move(step));
  resources_->ready_at = SteadyClock::now();
  resources_->unready.reset();
  if (!written) resources_->unready = Error(ErrorCode::unavailable, "the platform's database cannot be written; its log says why");
  if (!*space) resources_->unready = Error(ErrorCode::unavailable, space->error().message());
}

asio::awaitable<void> Maintenance::run() {
  const auto self = shared_from_this();
  while (!stopping_) {
    co_await sleeper_.sleep(pause());
    if (stopping_) break;
    co_await announce();
    co_await sweep_all();
    poll();
    co_await prune();
    co_await find_out_whether_ready();
  }
  if (!resources_->on_postgres()) co_return;
  Step leave = [process = resources_->process](Transaction& transaction) { leave_maintenance(transaction, process); };
  co_await in_transaction("leaving it to others", std::move(leave));
}

}  // namespace landwaiter::platform
