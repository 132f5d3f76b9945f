// SPDX-License-Identifier: Apache-2.0
#include "platform/requests.hpp"

#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/tokens.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

namespace landwaiter::platform {
namespace {

namespace asio = boost::asio;
using storage::Access;
using SteadyClock = std::chrono::steady_clock;

/// Bodies up to this size are parsed on the io thread: going to another one would take as long.
constexpr std::size_t kParsedHereMax = 4 * 1024;
/// What a body may expand to, if it may be more than this, is made of one such body at a time: its document takes several times its bytes.
constexpr std::uint64_t kLargeBody = 32 << 20;
constexpr std::uint64_t kExpansion = 500;  ///< as call.cpp allows

Response failure(const Request& request, const Error& error) {
  if (error.code() == ErrorCode::io || error.code() == ErrorCode::internal) {
    log_event(LogLevel::error, "request failed", {{"method", request.method}, {"path", request.path}, {"error", error.message()}});
  }
  if (error.code() == ErrorCode::timeout) return problem(503, error.message(), "query-timeout");
  return problem_of(error);
}

bool encoded(const Request& request) { return !request.header("content-encoding").empty(); }

bool is_large(const Request& request) { return (encoded(request) ? request.body.size() * kExpansion : request.body.size()) > kLargeBody; }

Access access_of(const Route& route) {
  if (route.lane != LaneKind::writer) return Access::read;
  return route.light ? Access::light_write : Access::write;
}

}  // namespace

/// A request on its way: its route, who calls, since when, and what was made of its body.
struct Requests::Admitted final : Admission, std::enable_shared_from_this<Admitted> {
  Admitted(std::shared_ptr<Requests> its_owner, const Route& its_route, Parameters in_path)
      : owner(std::move(its_owner)), route(its_route), parameters(std::move(in_path)), handler(its_route.handler) {}

  std::shared_ptr<Requests> owner;
  const Route& route;
  Parameters parameters;
  Principal who;
  SteadyClock::time_point came = SteadyClock::now();
  Handler handler;
  std::optional<Result<nlohmann::json>> document;
  Call::Undo undo;

  std::uint64_t body_bytes_max() const override { return route.body_bytes_max; }
  asio::awaitable<Response> handle(std::shared_ptr<Request> request) override;
  void undelivered() override {
    if (undo) asio::co_spawn(owner->io_, owner->undo(std::exchange(undo, nullptr)), asio::detached);
  }
};

/// What a call of a handler came to.
struct Requests::Turn {
  Response response = problem_of(Error(ErrorCode::internal, ""));
  std::optional<Call::NothingYet> nothing_yet = std::nullopt;
  TopicSet changes = {};
  Call::Undo undo = nullptr;

  void take(Response made, Call& call) {
    response = std::move(made);
    nothing_yet = call.nothing_yet;
    changes = call.changes;
    undo = std::move(call.undelivered);
  }
};

/// One that waits for a round of the route that hands out work.
struct Requests::JobWaiter final : Dispatcher::Waiter {
  JobWaiter(RequestPtr its_request, AdmittedPtr its_admitted) : request(std::move(its_request)), admitted(std::move(its_admitted)) {}
  bool gone() const override { return request->peer_gone && request->peer_gone(); }

  RequestPtr request;
  AdmittedPtr admitted;
  Turn turn{.response = problem(503, "no jobs can be had here now; ask again")};
};

Requests::Requests(std::shared_ptr<Resources> resources, asio::any_io_executor io, std::function<void(TopicSet)> changed)
    : resources_(std::move(resources)),
      io_(io),
      changed_(std::move(changed)),
      router_(all_routes()),
      dispatcher_(io, [this](Dispatcher::Waiters waiters) { return round(std::move(waiters)); }) {}

void Requests::start() { asio::co_spawn(io_, dispatch(), asio::detached); }

asio::awaitable<void> Requests::dispatch() {
  const auto self = shared_from_this();
  co_await dispatcher_.run();
}

void Requests::wake(TopicSet changes) {
  for (const Topic topic : kTopics) {
    if (changes.has(topic)) wakeup(topic).notify();
  }
  if (changes.has(Topic::jobs)) dispatcher_.work_came();
}

void Requests::publish(TopicSet changes) {
  if (changes.empty()) return;
  wake(changes);
  changed_(changes);
}

void Requests::stop() {
  dispatcher_.stop();
  for (Wakeup& waiting : wakeups_) waiting.notify();
}

asio::awaitable<Result<std::optional<Principal>>> Requests::find_principal(RequestPtr head) {
  const auto found = std::make_shared<std::optional<Principal>>();
  Lane::Body look = [found, head, now = resources_->clock.now()](Transaction& transaction) -> Result<void> {
    *found = authenticate(transaction, head->token, now);
    return {};
  };
  auto asked = co_await resources_->lanes->authentication.run(Access::read, std::move(look));
  if (!asked) co_return asked.error();
  co_return std::move(*found);
}

asio::awaitable<HttpApplication::Verdict> Requests::admit(RequestPtr head) {
  Verdict verdict;
  Router::Match match = router_.match(head->method, head->segments);
  if (match.route == nullptr) {
    verdict.refusal = match.allow.empty() ? files_.answer(*head) : std::nullopt;
    if (verdict.refusal) co_return verdict;
    verdict.refusal = match.allow.empty() ? problem(404, "not found") : problem(405, "this path does not support this method");
    if (!match.allow.empty()) verdict.refusal->headers.emplace_back("Allow", match.allow);
    co_return verdict;
  }
  head->route = match.route->path;
  const auto admitted = std::make_shared<Admitted>(shared_from_this(), *match.route, std::move(match.parameters));
  if (const auto needed = match.route->needs.permission()) {
    Result<std::optional<Principal>> who = std::optional<Principal>();
    if (!head->token.empty()) who = co_await find_principal(head);
    if (!who) {
      verdict.refusal = failure(*head, who.error());
    } else if (!*who) {
      verdict.refusal = problem(401, "a valid token is needed");
    } else if (!(*who)->may.has(*needed)) {
      head->caller = (*who)->id;
      verdict.refusal = problem(403, "this kind of token does not allow this");
    }
    if (verdict.refusal) co_return verdict;
    head->caller = (*who)->id;
    admitted->who = **std::move(who);
  }
  verdict.admission = admitted;
  co_return verdict;
}

Call Requests::make_call(const Request& request, const Admitted& admitted, Transaction* transaction) const {
  return Call{.request = request,
              .parameters = admitted.parameters,
              .who = admitted.who,
              .vault = resources_->vault,
              .state_directory = resources_->config.state_directory,
              .terms = resources_->terms(),
              .assess = resources_->assess_context(),
              .blobs = resources_->blobs.get(),
              .decoded_body_bytes_max = std::max(admitted.route.body_bytes_max, admitted.route.decoded_body_bytes_max),
              .transaction = transaction,
              .document = admitted.document ? &*admitted.document : nullptr};
}

/// Reads the body while nobody waits for it: the database is for what only it can do.
asio::awaitable<Result<void>> Requests::prepare(RequestPtr request, AdmittedPtr admitted) {
  const auto refused = std::make_shared<std::optional<Error>>();
  Workers::Work read = [this, request, admitted, refused] {
    const Call call = make_call(*request, *admitted, nullptr);
    if (!admitted->route.prepare) {
      admitted->document = call.body_json();
      return;
    }
    *refused = Error(ErrorCode::internal, "the request could not be prepared");
    auto made = admitted->route.prepare(call);
    if (made) refused->reset();
    else *refused = made.error();
    if (made) admitted->handler = *std::move(made);
  };
  const bool here = !admitted->route.prepare && !encoded(*request) && request->body.size() <= kParsedHereMax;
  if (here) {
    if (!request->body.empty()) read();
    co_return Result<void>();
  }
  Workers& workers = is_large(*request) ? resources_->lanes->large : resources_->lanes->cpu;
  const bool done = co_await workers.run(std::move(read));
  if (!done) co_return Error(ErrorCode::unavailable, "too many requests at once; ask again later");
  if (*refused) co_return **refused;
  co_return Result<void>();
}

asio::awaitable<Requests::Turn> Requests::take_turn(RequestPtr request, AdmittedPtr admitted) {
  const auto turn = std::make_shared<Turn>();
  Lane::Body call_handler = [this, request, admitted, turn](Transaction& transaction) -> Result<void> {
    Call call = make_call(*request, *admitted, &transaction);
    auto response = admitted->handler(call);
    if (!response) return response.error();
    turn->take(*std::move(response), call);
    return {};
  };
  Lane& lane = resources_->lanes->of(admitted->route.lane);
  auto done = co_await lane.run(access_of(admitted->route), std::move(call_handler));
  if (!done) co_return Turn{.response = failure(*request, done.error())};
  publish(turn->changes);
  co_return std::move(*turn);
}

asio::awaitable<Response> Requests::answer_by_turns(RequestPtr request, AdmittedPtr admitted) {
  while (true) {
    std::array<std::uint64_t, kTopics.size()> seen{};
    for (const Topic topic : kTopics) seen[static_cast<std::size_t>(topic)] = wakeup(topic).version();
    Turn turn = co_await take_turn(request, admitted);
    if (!turn.nothing_yet || resources_->stopping) co_return std::move(turn.response);
    const auto deadline = admitted->came + turn.nothing_yet->wait;
    if (SteadyClock::now() >= deadline) co_return std::move(turn.response);
    const Topic awaited = turn.nothing_yet->topic;
    co_await wakeup(awaited).wait_beyond(seen[static_cast<std::size_t>(awaited)], deadline);
    if (resources_->stopping || (request->peer_gone && request->peer_gone())) co_return std::move(turn.response);
  }
}

/// All of one round are of one route: the one that hands out jobs.
asio::awaitable<void> Requests::round(Dispatcher::Waiters waiters) {
  struct Work {
    std::vector<std::shared_ptr<JobWaiter>> waiters;
    std::vector<Turn> turns;
  };
  const auto work = std::make_shared<Work>();
  for (const auto& waiter : waiters) work->waiters.push_back(std::static_pointer_cast<JobWaiter>(waiter));
  Lane::Body hand_out = [this, work](Transaction& transaction) -> Result<void> {
    work->turns.clear();
    std::vector<Call> calls;
    for (const auto& waiter : work->waiters) calls.push_back(make_call(*waiter->request, *waiter->admitted, &transaction));
    auto answers = work->waiters.front()->admitted->route.batch(calls);
    for (std::size_t i = 0; i < calls.size(); ++i) {
      Turn& turn = work->turns.emplace_back();
      if (answers[i]) turn.take(*std::move(answers[i]), calls[i]);
      else turn.response = failure(calls[i].request, answers[i].error());
    }
    return {};
  };
  auto done = co_await resources_->lanes->writing.run(Access::write, std::move(hand_out));
  TopicSet changes;
  for (std::size_t i = 0; i < work->waiters.size(); ++i) {
    JobWaiter& waiter = *work->waiters[i];
    if (done) waiter.turn = std::move(work->turns[i]);
    else waiter.turn = Turn{.response = failure(*waiter.request, done.error())};
    waiter.served = !waiter.turn.nothing_yet;
    if (!waiter.served) waiter.deadline = waiter.admitted->came + waiter.turn.nothing_yet->wait;
    changes.add(waiter.turn.changes);
  }
  publish(changes);
}

asio::awaitable<Response> Requests::answer_in_rounds(RequestPtr request, AdmittedPtr admitted) {
  const auto waiter = std::make_shared<JobWaiter>(request, admitted);
  co_await dispatcher_.wait(waiter);
  admitted->undo = std::move(waiter->turn.undo);
  // What is written to somebody who has hung up may look as if it had arrived.
  if (admitted->undo && waiter->gone()) admitted->undelivered();
  co_return std::move(waiter->turn.response);
}

asio::awaitable<void> Requests::undo(Call::Undo what) {
  const auto self = shared_from_this();
  Lane::Body take_back = [this, what = std::move(what)](Transaction& transaction) -> Result<void> {
    what(transaction, resources_->terms());
    return {};
  };
  auto done = co_await resources_->lanes->writing.run(Access::write, std::move(take_back));
  TopicSet changes;
  changes.add(Topic::jobs);
  if (done) publish(changes);
}

asio::awaitable<Response> Requests::answer(RequestPtr request, AdmittedPtr admitted) {
  const Route& route = admitted->route;
  if (route.lane == LaneKind::none) {
    Call call = make_call(*request, *admitted, nullptr);
    call.unready = resources_->why_unready();
    auto response = route.handler(call);
    co_return response ? *std::move(response) : failure(*request, response.error());
  }
  auto prepared = co_await prepare(request, admitted);
  if (!prepared) co_return failure(*request, prepared.error());
  if (!route.batch) co_return co_await answer_by_turns(request, admitted);
  co_return co_await answer_in_rounds(request, admitted);
}

/// What was made of a large body takes time to take apart.
void Requests::discard(AdmittedPtr admitted) {
  const auto rest = std::make_shared<std::pair<Handler, std::optional<Result<nlohmann::json>>>>(
      std::exchange(admitted->handler, nullptr), std::exchange(admitted->document, std::nullopt));
  resources_->lanes->cpu.post([rest] {
    if (rest->second && *rest->second) wipe_texts(**rest->second);
    *rest = {};
  });
}

asio::awaitable<Response> Requests::Admitted::handle(RequestPtr request) {
  const auto self = shared_from_this();
  Response response = co_await owner->answer(request, self);
  // They may have contained credentials.
  if (request->body.size() > kParsedHereMax) owner->discard(self);
  else if (document && *document) wipe_texts(**document);
  co_return response;
}

}  // namespace landwaiter::platform
