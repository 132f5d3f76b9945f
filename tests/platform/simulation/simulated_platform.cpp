// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/simulated_platform.hpp"

#include "core/assess/assess.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/queue/sweeper.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace landwaiter::simulation {
namespace {

using platform::LaneKind;
using platform::Response;
using storage::Transaction;
using Kind = Transaction::Kind;

constexpr std::chrono::seconds kLease = limits::lease_default;

Reply reply_of(const Response& response) {
  Reply reply{response.status, nullptr};
  const auto* text = std::get_if<std::string>(&response.body);
  if (text != nullptr && !text->empty()) reply.body = nlohmann::json::parse(*text, nullptr, false);
  return reply;
}

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  std::istringstream in(path.substr(1));
  for (std::string segment; std::getline(in, segment, '/');) segments.push_back(segment);
  return segments;
}

void commit(Transaction& transaction) {
  const auto committed = transaction.commit();
  if (!committed) throw std::runtime_error(committed.error().message());
}

}  // namespace

SimulatedPlatform::SimulatedPlatform(SimulatedDatabase& database, std::size_t number)
    : shared_(database),
      database_(database.connection(number)),
      router_(platform::all_routes()),
      policy_(Policy::standard()),
      number_(number) {}

Secret SimulatedPlatform::new_token(platform::TokenKind kind, SystemTime now) {
  Transaction transaction(database_, Kind::write);
  Secret token = platform::create_token(transaction, kind, "of the simulation", std::nullopt, now, std::nullopt).token;
  commit(transaction);
  return token;
}

void SimulatedPlatform::start(SystemTime now) {
  Transaction transaction(database_, Kind::write);
  process_.id = "process " + std::to_string(number_) + "." + std::to_string(++runs_);
  platform::start_process(transaction, process_, {now, kLease});
  commit(transaction);
}

std::unique_ptr<Visit> SimulatedPlatform::begin(const WebCall& call) const {
  auto visit = std::make_unique<Visit>();
  platform::Request& request = visit->request;
  request.method = call.method;
  request.path = call.path;
  request.segments = segments_of(call.path);
  request.query = call.query;
  request.token = call.token;
  request.lease_token = call.lease;
  if (!call.body.is_null()) request.body = dump_json(call.body);
  request.content_length = request.body.size();
  return visit;
}

bool SimulatedPlatform::advance(Visit& visit, SystemTime now, Strike strike) {
  visit.committed = false;
  switch (visit.stage) {
    case Visit::Stage::arrived: admit(visit, now); break;
    case Visit::Stage::admitted: prepare(visit, now); break;
    default: return in_rounds(visit) ? advance_round({&visit}, now, strike) : take_turn(visit, now, strike);
  }
  return strike != Strike::dies_before_commit;
}

void SimulatedPlatform::admit(Visit& visit, SystemTime now) {
  visit.match = router_.match(visit.request.method, visit.request.segments);
  if (visit.match.route == nullptr) throw std::runtime_error("there is no route " + visit.request.path);
  visit.stage = Visit::Stage::admitted;
  const auto needed = visit.match.route->needs.permission();
  if (!needed) return;
  Transaction transaction(database_, Kind::read);
  const auto who = platform::authenticate(transaction, visit.request.token, now);
  if (who) visit.who = *who;
  if (!who) visit.reply = Reply{401, nullptr};
  if (who && !who->may.has(*needed)) visit.reply = Reply{403, nullptr};
}

platform::Call SimulatedPlatform::call_of(const Visit& visit, SystemTime now, Transaction* transaction) const {
  const platform::Route& route = *visit.match.route;
  return platform::Call{.request = visit.request,
                        .parameters = visit.match.parameters,
                        .who = visit.who,
                        .vault = shared_.vault(),
                        .state_directory = shared_.folder(),
                        .terms = {now, kLease},
                        .assess = AssessContext{&policy_, now, nullptr, nullptr},
                        .blobs = nullptr,
                        .decoded_body_bytes_max = std::max(route.body_bytes_max, route.decoded_body_bytes_max),
                        .transaction = transaction,
                        .document = visit.document ? &*visit.document : nullptr};
}

void SimulatedPlatform::prepare(Visit& visit, SystemTime now) {
  const platform::Call call = call_of(visit, now, nullptr);
  visit.stage = Visit::Stage::prepared;
  visit.handler = visit.match.route->handler;
  if (!visit.match.route->prepare) {
    if (!visit.request.body.empty()) visit.document = call.body_json();
    return;
  }
  auto prepared = visit.match.route->prepare(call);
  if (!prepared) visit.reply = reply_of(platform::problem_of(prepared.error()));
  if (prepared) visit.handler = *std::move(prepared);
}

void SimulatedPlatform::take(Visit& visit, const Result<Response>& response, platform::Call& call, SystemTime now) {
  visit.committed = true;
  visit.stage = Visit::Stage::waiting;
  if (!response) {
    visit.reply = reply_of(platform::problem_of(response.error()));
    return;
  }
  visit.undo = std::move(call.undelivered);
  if (!visit.waits_until) visit.waits_until = call.nothing_yet ? now + call.nothing_yet->wait : now;
  if (!call.nothing_yet || now >= *visit.waits_until) visit.reply = reply_of(*response);
}

bool SimulatedPlatform::take_turn(Visit& visit, SystemTime now, Strike strike) {
  const bool writes = visit.match.route->lane == LaneKind::writer;
  Transaction transaction(database_, writes ? Kind::write : Kind::read);
  platform::Call call = call_of(visit, now, &transaction);
  const auto response = visit.handler(call);
  if (strike == Strike::dies_before_commit) return false;
  if (!response && !transaction.failed()) {
    visit.reply = reply_of(platform::problem_of(response.error()));
    return true;
  }
  if (strike == Strike::disk_full && writes) (void)transaction.fail(Error(ErrorCode::io, "the disk is full"));
  const auto committed = transaction.commit();
  if (!committed) {
    visit.reply = reply_of(platform::problem_of(committed.error()));
    return true;
  }
  take(visit, response, call, now);
  visit.committed = writes;
  return strike != Strike::dies_after_commit;
}

bool SimulatedPlatform::advance_round(const std::vector<Visit*>& visits, SystemTime now, Strike strike) {
  Transaction transaction(database_, Kind::write);
  std::vector<platform::Call> calls;
  for (Visit* visit : visits) {
    visit->committed = false;
    calls.push_back(call_of(*visit, now, &transaction));
  }
  const auto answers = visits.front()->match.route->batch(calls);
  if (strike == Strike::dies_before_commit) return false;
  if (strike == Strike::disk_full) (void)transaction.fail(Error(ErrorCode::io, "the disk is full"));
  const auto committed = transaction.commit();
  for (std::size_t i = 0; i < visits.size(); ++i) {
    if (committed) take(*visits[i], answers[i], calls[i], now);
    else visits[i]->reply = reply_of(platform::problem_of(committed.error()));
  }
  return strike != Strike::dies_after_commit;
}

void SimulatedPlatform::undelivered(const platform::Call::Undo& undo, SystemTime now) {
  Transaction transaction(database_, Kind::write);
  undo(transaction, {now, kLease});
  commit(transaction);
}

void SimulatedPlatform::maintain(SystemTime now) {
  Transaction transaction(database_, Kind::write);
  const platform::LeaseTerms terms{now, kLease};
  platform::note_process(transaction, process_, now);
  while (platform::sweep(transaction, terms).more) {
  }
  (void)platform::drop_outdated(transaction, retention_, {}, now);
  commit(transaction);
}

}  // namespace landwaiter::simulation
