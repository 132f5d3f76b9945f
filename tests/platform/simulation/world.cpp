// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/world.hpp"

#include <algorithm>

namespace landwaiter::simulation {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

std::string in_ms(microseconds time) { return std::to_string(time.count() / 1000) + " ms"; }

/// What an answer says that is worth knowing.
std::string in_short(const Reply& reply) {
  std::string text = std::to_string(reply.status);
  if (!reply.body.is_object()) return text;
  for (const nlohmann::json& job : reply.body.value("jobs", nlohmann::json::array())) {
    text += " job " + job.at("id").get<std::string>() + (job.contains("list") ? " (list)" : "");
  }
  for (const char* list : {"lost", "cancelled", "busy", "missing"}) {
    const nlohmann::json ids = reply.body.value(list, nlohmann::json::array());
    if (!ids.empty()) text += std::string(" ") + list + " " + ids.dump();
  }
  return text + (reply.status >= 400 ? " " + reply.body.value("detail", "") : "");
}

bool is_id(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Account& Account::operator+=(const Account& other) {
  calls += other.calls;
  scans += other.scans;
  images += other.images;
  reads += other.reads;
  read_again += other.read_again;
  failed += other.failed;
  return *this;
}

World::World(SimulatedDatabase& database, std::uint64_t seed, Tell tell)
    : tell_(std::move(tell)), database_(database), random_(seed ^ 0x5eedULL), registries_(random_), oracle_(registries_) {
  make_chance_predictable(seed);
  database_.clear();
  const std::uint32_t processes = 1 + random_.below(3);
  for (std::uint32_t i = 0; i < processes; ++i) {
    const microseconds skew{i == 0 ? 0 : static_cast<std::int64_t>(random_.below(4'000'000)) - 2'000'000};
    processes_.push_back({std::make_unique<SimulatedPlatform>(database, i), true, skew, skew});
  }
  for (const Process& process : processes_) process.platform->start(time_of(process));
  user_token_ = processes_[0].platform->new_token(platform::TokenKind::api, now_);
  const std::uint32_t sensors = 1 + random_.below(5);
  for (std::uint32_t i = 0; i < sensors; ++i) {
    Secret enrollment = processes_[0].platform->new_token(platform::TokenKind::sensor, now_);
    sensors_.push_back(
        std::make_unique<SimulatedSensor>(i, *this, std::move(enrollment), random_.chance(15) ? 2 : 1, 1 + random_.below(4)));
  }
  const protocol::Enrollment intruder{"intruder", "1", {2}, engine_of(1).states, kPublicKey};
  WebCall enrolling{.method = "POST", .path = "/v3/sensors/enroll", .query = {}, .body = intruder, .token = {}, .lease = {}};
  enrolling.token = processes_[0].platform->new_token(platform::TokenKind::enrollment, now_);
  intruder_token_ = Secret(call(enrolling).body.at("token").get<std::string>());
  for (const ModelRegistry& registry : registries_.registries()) {
    nlohmann::json body{{"endpoint", registry.host}};
    if (!registry.password.empty()) body.update({{"username", "user"}, {"password", registry.password}});
    registry_ids_.push_back(ask("POST", "/v3/registries", body).body.at("id").get<std::string>());
  }
  look();
  scan_registry(0);
}

std::string World::shown(const Exchange& exchange) {
  return "sensor " + std::to_string(exchange.sensor) + " to process " + std::to_string(exchange.process) + ": " + exchange.call.method +
         " " + exchange.call.path;
}

/// Ids are counted, and digests cut: people compare them.
std::string World::readable(std::string line) {
  constexpr std::size_t kIdSize = 36, kHexShown = 6, kHexSize = 64;
  for (std::size_t at = 0; at + kIdSize <= line.size(); ++at) {
    const std::string text = line.substr(at, kIdSize);
    if (text[8] != '-' || text[13] != '-' || !is_id(text)) continue;
    const auto known = std::ranges::find(ids_, text);
    const auto number = static_cast<std::size_t>(known - ids_.begin()) + 1;
    if (known == ids_.end()) ids_.push_back(text);
    line.replace(at, kIdSize, "#" + std::to_string(number));
  }
  for (std::size_t at = line.find("sha256:"); at != std::string::npos; at = line.find("sha256:", at))
    line.replace(at, 7 + kHexSize, line.substr(at + 7, kHexShown));
  return line;
}

void World::tell(const std::string& line) {
  if (tell_) tell_(std::to_string((now_ - kBegin).count() / 1'000'000) + " s: " + readable(line));
}

void World::send(std::size_t sensor, std::uint32_t process, WebCall call, std::function<void(const Reply&)> then) {
  exchanges_.push_back({sensor, process % processes_.size(), std::move(call), std::move(then), nullptr, std::nullopt});
}

void World::reads(const Digest& layer, const std::string& part) {
  ++account_.reads;
  if (++read_[{layer, part}] > 1) ++account_.read_again;
}

void World::look() {
  const std::int64_t changes = database_.changes();
  if (std::exchange(changes_seen_, changes) == changes) return;
  ledger_ = read_ledger(database_.connection(0));
  oracle_.check(ledger_);
}

void World::step(const Step& step) {
  now_ += microseconds(1000);
  const std::size_t sensor = step.who % sensors_.size();
  const std::size_t process = step.who % processes_.size();
  switch (step.action) {
    case Action::work: return work(step, true);
    case Action::call: return work(step, false);
    case Action::travel:
      if (!exchanges_.empty()) travel(step.who % exchanges_.size(), Strike::none);
      return;
    case Action::time:
      now_ += microseconds(200'000 + step.what % 8'000'000);
      return tell("time passes: " + in_ms(microseconds(200'000 + step.what % 8'000'000)));
    case Action::maintain: return maintain(process);
    case Action::user: return user(step);
    case Action::start_sensor:
      if (sensors_[sensor]->alive()) return;
      sensors_[sensor]->start();
      return tell("sensor " + std::to_string(sensor) + " starts");
    default: return disturb(step);
  }
}

void World::work(const Step& step, bool at_once) {
  const std::size_t before = exchanges_.size();
  SimulatedSensor& sensor = *sensors_[step.who % sensors_.size()];
  const bool was_alive = sensor.alive();
  (void)sensor.act(step.what);
  if (was_alive && !sensor.alive()) tell("sensor " + std::to_string(step.who % sensors_.size()) + " dies of an image");
  if (exchanges_.size() == before) return;
  if (at_once) return carry(before);
  tell(shown(exchanges_.back()) + " is on its way");
}

/// To its answer, or to where it waits.
void World::carry(std::size_t index) {
  while (!exchanges_[index].answer) {
    serve(exchanges_[index], Strike::none);
    const Exchange& exchange = exchanges_[index];
    if (!exchange.answer && exchange.visit && exchange.visit->stage == Visit::Stage::waiting) return;
  }
  answer(index, *exchanges_[index].answer);
}

void World::travel(std::size_t index, Strike strike) {
  Exchange& exchange = exchanges_[index];
  if (exchange.answer) return answer(index, *exchange.answer);
  if (!exchange.then && exchange.visit && exchange.visit->stage == Visit::Stage::waiting) {
    // A caller that hung up is noticed before its turn comes again.
    exchanges_.erase(exchanges_.begin() + static_cast<std::ptrdiff_t>(index));
    return;
  }
  serve(exchange, strike);
}

void World::serve(Exchange& exchange, Strike strike) {
  Process& process = processes_[exchange.process];
  if (!process.alive) {
    exchange.answer = Reply();
    return;
  }
  if (!exchange.visit) exchange.visit = process.platform->begin(exchange.call);
  const std::vector<Exchange*> together = turn_of(exchange);
  std::vector<Visit*> visits;
  for (Exchange* one : together) visits.push_back(one->visit.get());
  account_.calls += visits.size();
  const SystemTime time = time_of(process);
  const bool lives =
      visits.size() > 1 ? process.platform->advance_round(visits, time, strike) : process.platform->advance(*visits.front(), time, strike);
  for (const Visit* visit : visits) {
    if (visit->committed) oracle_.committed(*visit, ledger_, time);
  }
  if (std::ranges::any_of(visits, &Visit::committed)) look();
  for (Exchange* one : together) note_answer(*one);
  if (!lives) kill(exchange.process);
}

/// The call, and those that are served in the same turn.
std::vector<World::Exchange*> World::turn_of(Exchange& exchange) {
  std::vector<Exchange*> together{&exchange};
  if (!exchange.visit->waits_for_turn() || !SimulatedPlatform::in_rounds(*exchange.visit)) return together;
  for (Exchange& other : exchanges_) {
    const bool same = other.visit && other.process == exchange.process && other.visit->match.route == exchange.visit->match.route;
    if (&other != &exchange && same && other.then && other.visit->waits_for_turn()) together.push_back(&other);
  }
  return together;
}

void World::note_answer(Exchange& exchange) {
  if (!exchange.visit->reply) return;
  const std::string said = in_short(*exchange.visit->reply);
  // What says nothing would fill most of a trace.
  const bool dull = !faults_ && (said == "204" || exchange.call.path.ends_with("/heartbeat")) && said.size() == 3;
  if (!dull) tell(shown(exchange) + " -> " + said);
  exchange.answer = exchange.visit->reply;
}

void World::answer(std::size_t index, const Reply& reply) {
  const Reply kept = reply;
  const Exchange exchange = std::move(exchanges_[index]);
  exchanges_.erase(exchanges_.begin() + static_cast<std::ptrdiff_t>(index));
  if (exchange.then) exchange.then(kept);
}

/// All its callers see their connections break.
void World::kill(std::size_t process) {
  tell("process " + std::to_string(process) + " dies");
  processes_[process].alive = false;
  for (Exchange& exchange : exchanges_) {
    if (exchange.process != process || !exchange.visit) continue;
    exchange.visit.reset();
    exchange.answer = Reply();
  }
}

void World::revive(std::size_t process) {
  tell("process " + std::to_string(process) + " starts");
  processes_[process].alive = true;
  processes_[process].platform->start(time_of(processes_[process]));
}

/// Its clock is compared with the database's, too.
void World::maintain(std::size_t index) {
  Process& process = processes_[index];
  process.skew = process.usual_skew;
  if (!process.alive) revive(index);
  if (faults_) tell("process " + std::to_string(index) + " maintains");
  process.platform->maintain(time_of(process));
  look();
}

void World::disturb(const Step& step) {
  const std::size_t process = step.who % processes_.size();
  switch (step.action) {
    case Action::kill_process:
      if (processes_[process].alive) kill(process);
      return;
    case Action::leap:
      now_ += std::chrono::seconds(30 + step.what % 4000);
      return tell("nobody does anything for " + std::to_string(30 + step.what % 4000) + " s");
    case Action::jump_clock: {
      const microseconds by = std::chrono::seconds(static_cast<std::int64_t>(step.what % 240) - 120);
      processes_[process].skew += by;
      return tell("the clock of process " + std::to_string(process) + " jumps by " + in_ms(by));
    }
    case Action::intrude: return intrude(step);
    case Action::change_registry: return tell("registry: " + registries_.change(step.what));
    case Action::kill_sensor:
    case Action::pause_sensor:
    case Action::upgrade_sensor: return disturb_sensor(step, step.who % sensors_.size());
    default:
      if (!exchanges_.empty()) disturb_exchange(step, step.who % exchanges_.size());
  }
}

void World::disturb_sensor(const Step& step, std::size_t index) {
  SimulatedSensor& sensor = *sensors_[index];
  const std::string name = "sensor " + std::to_string(index);
  if (step.action == Action::pause_sensor) {
    sensor.pause_until(now_ + std::chrono::seconds(50 + step.what % 200));
    return tell(name + " does nothing for " + std::to_string(50 + step.what % 200) + " s");
  }
  sensor.kill();
  if (step.action == Action::kill_sensor) return tell(name + " dies");
  sensor.upgrade();
  sensor.start();
  tell(name + " starts again with newer detectors");
}

/// The caller learns that something broke, and the process perhaps, too.
void World::lose(std::size_t index, bool noticed) {
  Exchange& exchange = exchanges_[index];
  tell("lost: " + shown(exchange) + (noticed ? ", which both sides notice" : ""));
  Process& process = processes_[exchange.process];
  if (noticed && process.alive && exchange.visit && exchange.visit->undo) {
    process.platform->undelivered(std::exchange(exchange.visit->undo, nullptr), time_of(process));
    oracle_.handed_back(*exchange.visit);
    look();
  }
  answer(index, Reply());
}

void World::disturb_exchange(const Step& step, std::size_t index) {
  Exchange& exchange = exchanges_[index];
  switch (step.action) {
    case Action::lose: return lose(index, step.what % 2 == 0);
    case Action::give_up: {
      if (!exchange.then) return;
      tell("its caller waits no more for " + shown(exchange));
      const auto then = std::exchange(exchange.then, nullptr);
      return then(Reply());
    }
    case Action::repeat: {
      tell("arrives twice: " + shown(exchange));
      WebCall again = exchange.call;
      exchanges_.push_back({exchange.sensor, step.what % processes_.size(), std::move(again), nullptr, nullptr, std::nullopt});
      return;
    }
    case Action::kill_in_call: return travel(index, step.what % 2 == 0 ? Strike::dies_before_commit : Strike::dies_after_commit);
    case Action::fill_disk: return travel(index, Strike::disk_full);
    default: return;
  }
}

}  // namespace landwaiter::simulation
