// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor/outbox.hpp"

#include "core/base/enum_names.hpp"
#include "core/base/json_reader.hpp"
#include "core/base/limits.hpp"
#include "core/base/log.hpp"

#include <algorithm>
#include <random>

namespace landwaiter::daemon {
namespace {

using nlohmann::json;
using storage::OutboxItem;

/// What an item of the outbox is.
enum class ItemKind { facts, report, completion, failure };
constexpr EnumNames<ItemKind, 4> kItemKinds{
    {{ItemKind::facts, "facts"}, {ItemKind::report, "report"}, {ItemKind::completion, "complete"}, {ItemKind::failure, "fail"}}};

OutboxItem make_item(ItemKind kind, std::string key, std::string payload = {}) {
  return {0, std::string(name_of(kItemKinds, kind)), std::move(key), std::move(payload)};
}

bool is_job_end(const OutboxItem& item) {
  const auto kind = value_of(kItemKinds, item.kind);
  return kind != ItemKind::facts && kind != ItemKind::report;
}

constexpr std::size_t kBatch = 32;

/// The platform will never accept this.
bool is_refusal(const Error& error) {
  switch (error.code()) {
    case ErrorCode::conflict:   // the lease went to another sensor, which reports
    case ErrorCode::not_found:  // the job was deleted
    case ErrorCode::invalid_argument:
    case ErrorCode::limit_exceeded: return true;
    default: return false;
  }
}

/// The platform has this part otherwise, or another sensor brings it.
bool is_elsewhere(const Error& error) { return error.code() == ErrorCode::conflict; }

/// Sending it again as it is would be refused again: neither a lost lease nor a deleted job.
bool is_final_refusal(const Error& error) {
  return error.code() == ErrorCode::invalid_argument || error.code() == ErrorCode::limit_exceeded;
}

/// A job's failure for a completion that the platform does not take.
std::string failure_body(const Error& refusal) {
  protocol::JobFailure failure;
  failure.code = refusal.code();
  failure.reason = "the platform refused the image's result: " + refusal.message();
  return dump_json(failure);
}

/// Waiting would not repair the record, and everything behind it would wait too. If it cannot even be forgotten, it is the store that does
/// not work, and the item waits.
void log_unreadable(const Digest& layer, std::string_view part, const Error& why, const Result<void>& forgotten) {
  log_event(LogLevel::error, "stored part of a layer cannot be read and is dropped; it is read again when its image is scanned again",
            {{"layer", layer.str()}, {"part", part}, {"error", why.message()}});
  if (!forgotten) log_event(LogLevel::error, "store cannot be written", {{"error", forgotten.error().message()}});
}

/// The items say what must be sent; it lies in the store already.
Result<void> enqueue_parts(storage::Store& store, const Digest& layer, const LayerParts& parts) {
  if (parts.facts) {
    auto enqueued = store.enqueue(make_item(ItemKind::facts, layer.str()));
    if (!enqueued) return enqueued;
  }
  for (const Analysis analysis : parts.analyses) {
    auto enqueued = store.enqueue(make_item(ItemKind::report, layer.str() + " " + std::string(to_string(analysis))));
    if (!enqueued) return enqueued;
  }
  return {};
}

}  // namespace

std::chrono::milliseconds backoff(std::size_t failures, const Error& error) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  const auto ceiling = std::min(limits::retry_wait_max, limits::retry_wait_first * (std::int64_t{1} << std::min<std::size_t>(failures, 8)));
  std::uniform_int_distribution<std::int64_t> wait(1, ceiling.count());
  return std::max(std::chrono::milliseconds(wait(random)), error.retry_after().value_or(std::chrono::milliseconds(0)));
}

Outbox::Outbox(asio::any_io_executor executor, StoreThread& store, Uplink& uplink, EngineState engine, const Clock& clock,
               std::function<void(const std::string&)> on_job_ended)
    : store_(store),
      uplink_(uplink),
      engine_(std::move(engine)),
      clock_(clock),
      on_job_ended_(std::move(on_job_ended)),
      sleeper_(executor) {}

void Outbox::wake() {
  woken_ = true;
  sleeper_.wake();
}

Awaitable<void> Outbox::put(OutboxItem item) {
  auto enqueue = [item = std::move(item)](storage::Store& store) { return store.enqueue(item); };
  auto stored = co_await store_.run(std::move(enqueue));
  wake();
  co_return stored;
}

Awaitable<void> Outbox::put_layer(ScannedLayer layer) {
  const SystemTime now = clock_.now();
  auto store_and_enqueue = [layer = std::move(layer), now](storage::Store& store) -> Result<void> {
    auto stored = store.put_layer(layer, now);
    if (!stored) return stored;
    LayerParts parts;
    parts.facts = true;
    for (const LayerReport& report : layer.reports) parts.analyses.push_back(report.of.analysis);
    return enqueue_parts(store, layer.facts.layer, parts);
  };
  auto stored = co_await store_.run(std::move(store_and_enqueue));
  wake();
  co_return stored;
}

Awaitable<void> Outbox::put_stored(Digest layer, LayerParts parts) {
  auto enqueue = [layer = std::move(layer), parts = std::move(parts)](storage::Store& store) { return enqueue_parts(store, layer, parts); };
  auto stored = co_await store_.run(std::move(enqueue));
  wake();
  co_return stored;
}

Awaitable<void> Outbox::put_completion(std::string job_id, Secret lease, protocol::ImageCompletion completion) {
  return put(make_item(ItemKind::completion, std::move(job_id), dump_json(json{{"lease", lease.reveal()}, {"body", completion}})));
}

asio::awaitable<void> Outbox::put_failure(std::string job_id, Secret lease, protocol::JobFailure failure) {
  OutboxItem item = make_item(ItemKind::failure, std::move(job_id), dump_json(json{{"lease", lease.reveal()}, {"body", failure}}));
  auto stored = co_await put(item);
  if (stored) co_return;
  log_event(LogLevel::error, "failure cannot be stored and is kept in memory", {{"job", item.key}, {"error", stored.error().message()}});
  unstored_.push_back(std::move(item));
  wake();
}

asio::awaitable<void> Outbox::run(std::stop_token stop) {
  std::size_t failures = 0;
  while (true) {
    woken_ = false;
    const bool progress = co_await send_some(failures, stop);
    failures = progress ? 0 : failures + 1;
    if (woken_) continue;
    if (stop.stop_requested()) co_return;
    if (progress) co_await sleeper_.sleep(std::chrono::seconds(60));
  }
}

/// Sends its items until it is empty (true) or something is in the way (false, after a wait).
asio::awaitable<bool> Outbox::send_some(std::size_t failures, std::stop_token stop) {
  while (true) {
    auto sent = co_await send_unstored();
    auto look = [](storage::Store& store) { return store.outbox(kBatch); };
    auto items = co_await store_.run(std::move(look));
    if (sent && items && items->empty()) co_return true;
    if (sent && !items) {
      log_event(LogLevel::error, "outbox cannot be read", {{"error", items.error().message()}});
      sent = items.error();
    } else if (sent) {
      sent = co_await send_stored(*std::move(items));
    }
    if (sent) continue;
    // The store is back soon after somebody made room, the platform when it is.
    constexpr std::size_t kStoreFailuresMax = 5;
    const std::size_t counted = sent.error().code() == ErrorCode::io ? std::min(failures, kStoreFailuresMax) : failures;
    if (!stop.stop_requested()) co_await sleeper_.sleep(backoff(counted, sent.error()));
    co_return false;
  }
}

Awaitable<void> Outbox::send_unstored() {
  while (!unstored_.empty()) {
    OutboxItem item = unstored_.front();
    auto sent = co_await send_out(item);
    if (!sent) co_return sent;
    unstored_.pop_front();
    on_job_ended_(item.key);
  }
  co_return Result<void>();
}

/// An item that was sent but cannot be acknowledged stays, and is sent again after the wait: the platform knows it by then.
Awaitable<void> Outbox::send_stored(std::vector<OutboxItem> items) {
  for (const OutboxItem& item : items) {
    auto sent = co_await send_out(item);
    if (!sent) co_return sent;
    if (is_job_end(item)) on_job_ended_(item.key);
    auto acknowledge = [id = item.id](storage::Store& store) { return store.acknowledge(id); };
    auto acknowledged = co_await store_.run(std::move(acknowledge));
    if (acknowledged) continue;
    log_event(LogLevel::error, "outbox cannot be written", {{"error", acknowledged.error().message()}});
    co_return acknowledged;
  }
  co_return Result<void>();
}

/// A refusal is an end as well.
Awaitable<void> Outbox::send_out(OutboxItem item) {
  auto sent = co_await send(item);
  if (sent) co_return sent;
  if (!is_refusal(sent.error())) {
    const bool ours = sent.error().code() == ErrorCode::io;
    log_event(LogLevel::warning, ours ? "report waits for the store" : trouble_with_platform(sent.error()),
              {{"kind", item.kind}, {"key", item.key}, {"error", sent.error().message()}});
    co_return sent;
  }
  log_event(LogLevel::warning, "report refused", {{"kind", item.kind}, {"key", item.key}, {"error", sent.error().message()}});
  co_return Result<void>();
}

Awaitable<void> Outbox::send(OutboxItem item) {
  const auto kind = value_of(kItemKinds, item.kind);
  if (!kind) co_return Error(ErrorCode::invalid_argument, "an item of a kind that this version does not know");
  if (!is_job_end(item)) {
    co_return co_await send_part(item);
  }
  co_return co_await send_job_end(item);
}

Awaitable<void> Outbox::send_part(const OutboxItem& item) {
  const std::string_view key = item.key;
  const std::size_t space = key.find(' ');
  auto layer = Digest::parse(key.substr(0, space));
  if (!layer) co_return Error(ErrorCode::invalid_argument, layer.error().message());
  if (value_of(kItemKinds, item.kind) == ItemKind::facts) {
    co_return co_await send_facts(*layer);
  }
  const auto analysis = space == std::string_view::npos ? std::nullopt : analysis_from(key.substr(space + 1));
  const Digest* state = analysis ? state_of(engine_.states, *analysis) : nullptr;
  // From an analysis that this version does not know: nothing waits for it.
  if (state == nullptr) co_return Result<void>();
  AnalysisState of;
  of.analysis = *analysis;
  of.state = *state;
  co_return co_await send_report(*layer, std::move(of));
}

Awaitable<void> Outbox::send_facts(Digest layer) {
  auto read = [layer, walker = engine_.walker](storage::Store& store) { return store.layer_facts(layer, walker); };
  auto facts = co_await store_.run(std::move(read));
  if (!facts) {
    auto forget = [layer, walker = engine_.walker](storage::Store& store) { return store.forget_facts(layer, walker); };
    auto forgotten = co_await store_.run(std::move(forget));
    log_unreadable(layer, "facts", facts.error(), forgotten);
    co_return forgotten;
  }
  // Pruned, or from an older walker: a job that needs the layer claims it again.
  if (!*facts) co_return Result<void>();
  co_return co_await uplink_.put_facts(layer, engine_.walker, dump_json(**facts));
}

Awaitable<void> Outbox::send_report(Digest layer, AnalysisState of) {
  auto read = [layer, of](storage::Store& store) { return store.layer_report(layer, of); };
  auto report = co_await store_.run(std::move(read));
  if (!report) {
    auto forget = [layer, of](storage::Store& store) { return store.forget_report(layer, of); };
    auto forgotten = co_await store_.run(std::move(forget));
    log_unreadable(layer, to_string(of.analysis), report.error(), forgotten);
    co_return forgotten;
  }
  // Pruned, or from an older state: a job that needs the layer claims it again.
  if (!*report) co_return Result<void>();
  co_return co_await uplink_.put_report(layer, of, dump_json(**report));
}

Awaitable<void> Outbox::send_job_end(const OutboxItem& item) {
  auto document = parse_json(item.payload, "outbox item", kJsonStored);
  if (!document) co_return Error(ErrorCode::invalid_argument, document.error().message());
  const Secret lease((*document)["lease"].get<std::string>());
  const std::string body = dump_json((*document)["body"]);
  if (value_of(kItemKinds, item.kind) == ItemKind::failure) {
    co_return co_await uplink_.fail(item.key, lease, body);
  }
  auto completed = co_await complete(item.key, lease, body);
  if (completed || !is_final_refusal(completed.error())) co_return completed;
  // The job's scan shows why it has no result. Without this its lease would run out, and its next attempt would end in the same way.
  log_event(LogLevel::warning, "completion refused", {{"job", item.key}, {"error", completed.error().message()}});
  const std::string failure = failure_body(completed.error());
  co_return co_await uplink_.fail(item.key, lease, failure);
}

Awaitable<void> Outbox::complete(std::string job_id, Secret lease, std::string body) {
  auto missing = co_await uplink_.complete(job_id, lease, body);
  if (!missing) co_return missing.error();
  if (missing->empty()) co_return Result<void>();
  // The platform lost reports that it had acknowledged (restored from a backup): send them again.
  auto resent = co_await resend_layers(*std::move(missing));
  if (!resent) co_return resent;
  auto still_missing = co_await uplink_.complete(job_id, lease, body);
  if (!still_missing) co_return still_missing.error();
  if (still_missing->empty()) co_return Result<void>();
  co_return Error(ErrorCode::conflict,
                  "the platform wants " + std::to_string(still_missing->size()) + " layer reports that are not here any more");
}

Awaitable<void> Outbox::resend_layers(std::vector<Digest> layers) {
  for (const Digest& layer : layers) {
    auto facts_sent = co_await send_facts(layer);
    if (!facts_sent && !is_elsewhere(facts_sent.error())) co_return facts_sent.error().with_context("facts of layer " + layer.str());
    for (const AnalysisState& of : engine_.states) {
      auto sent = co_await send_report(layer, of);
      if (!sent && !is_elsewhere(sent.error()))
        co_return sent.error().with_context(std::string(to_string(of.analysis)) + " report of layer " + layer.str());
    }
  }
  co_return Result<void>();
}

}  // namespace landwaiter::daemon
