// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/simulated_sensor.hpp"

#include <algorithm>

namespace landwaiter::simulation {
namespace {

using namespace std::chrono_literals;

LayerFacts facts_of(const Digest& layer, const Digest& walker) {
  LayerFacts facts;
  facts.layer = layer;
  facts.walker = walker;
  facts.written.seal();
  facts.stats.files = 1;
  return facts;
}

bool is_success(int status) { return status >= 200 && status <= 299; }
/// Asking the same again would not help.
bool is_refusal(int status) { return status == 400 || status == 404 || status == 409 || status == 413; }

protocol::JobFailure failure_of(const Error& error, bool handed_back) {
  protocol::JobFailure failure;
  failure.handed_back = handed_back;
  failure.retryable = handed_back || error.transient();
  failure.code = error.code();
  failure.reason = error.message();
  return failure;
}

}  // namespace

const char* const kPublicKey = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

LayerReport report_of(const Digest& layer, const AnalysisState& of, const std::string& title) {
  LayerReport report;
  report.layer = layer;
  report.of = of;
  Finding finding;
  finding.id = layer.str() + " " + std::string(to_string(of.analysis));
  finding.severity = Severity::low;
  finding.title = title;
  finding.detector = "x509/1";
  finding.occurrences.push_back({.path = "etc/" + layer.str().substr(7, 12), .archive = {}, .offset = 3, .layer = {}, .deleted_by = {}});
  report.findings.push_back(std::move(finding));
  return report;
}

EngineState engine_of(std::uint32_t version) {
  return {digest_of("walker"),
          {{Analysis::cryptography, digest_of("cryptography " + std::to_string(version))}, {Analysis::secrets, digest_of("secrets")}}};
}

std::string facts_part(const EngineState& engine) { return "facts " + engine.walker.str(); }
std::string report_part(const AnalysisState& of) { return std::string(to_string(of.analysis)) + " " + of.state.str(); }

SimulatedSensor::SimulatedSensor(std::size_t number, Surroundings& world, Secret enrollment, std::uint32_t version, std::size_t capacity)
    : number_(number), world_(world), enrollment_(std::move(enrollment)), version_(version), capacity_(capacity) {}

bool SimulatedSensor::act(std::uint32_t choice) {
  if (!alive_ || world_.now() < paused_until_) return false;
  const std::vector<Deed> possible = deeds(choice);
  if (possible.empty()) return false;
  possible[choice % possible.size()]();
  return true;
}

std::vector<SimulatedSensor::Deed> SimulatedSensor::deeds(std::uint32_t choice) {
  const std::uint32_t process = choice >> 8U;
  const SystemTime now = world_.now();
  std::vector<Deed> possible;
  if (token_.empty()) {
    if (!enrolling_) possible.emplace_back([this, process] { enroll(process); });
    return possible;
  }
  if (!beating_ && now >= next_beat_) possible.emplace_back([this, process] { beat(process); });
  const auto working = std::ranges::count_if(jobs_, [](const auto& entry) { return entry.second.phase != Phase::done; });
  if (!asking_ && static_cast<std::size_t>(working) < capacity_ && now >= next_acquire_) {
    possible.emplace_back([this, process, choice] { acquire(process, patient_ && choice % 3 == 0); });
  }
  for (const auto& [id, held] : jobs_) {
    if (held.waiting || held.phase == Phase::done || now < held.not_before) continue;
    possible.emplace_back([this, id = id, process] { work_on(id, process); });
  }
  if (!sending_ && !outbox_.empty() && now >= next_send_) possible.emplace_back([this, process] { send_out(process); });
  return possible;
}

void SimulatedSensor::kill() {
  alive_ = false;
  ++life_;
  jobs_.clear();
  request_id_.clear();
  beating_ = asking_ = enrolling_ = sending_ = false;
}

void SimulatedSensor::start() {
  alive_ = true;
  paused_until_ = next_beat_ = next_send_ = next_acquire_ = SystemTime();
}

void SimulatedSensor::send(std::uint32_t process, WebCall call, Then then) {
  auto if_alive = [this, life = life_, then = std::move(then)](const Reply& reply) {
    if (life != life_) return;
    if (reply.status == 401) token_ = Secret();
    then(reply);
  };
  world_.send(number_, process, std::move(call), std::move(if_alive));
}

WebCall SimulatedSensor::post(const std::string& path, nlohmann::json body) const {
  return {.method = "POST", .path = path, .query = {}, .body = std::move(body), .token = token_, .lease = {}};
}

void SimulatedSensor::enroll(std::uint32_t process) {
  enrolling_ = true;
  const protocol::Enrollment enrollment{"sensor " + std::to_string(number_), "1", {2}, engine().states, kPublicKey};
  WebCall call = post("/v3/sensors/enroll", enrollment);
  call.token = enrollment_;
  send(process, std::move(call), [this](const Reply& reply) {
    enrolling_ = false;
    ++progress_;
    if (is_success(reply.status)) token_ = Secret(reply.body.at("token").get<std::string>());
  });
}

void SimulatedSensor::beat(std::uint32_t process) {
  beating_ = true;
  protocol::Heartbeat heartbeat{"1", {2}, engine().states, {}, digest_of("documents"), run()};
  for (const auto& [id, held] : jobs_) heartbeat.jobs.push_back({id, held.job.lease_token, 1, 1, 1, 1});
  send(process, post("/v3/sensors/me/heartbeat", heartbeat), [this, heartbeat](const Reply& reply) {
    beating_ = false;
    next_beat_ = world_.now() + (is_success(reply.status) ? 15s : 1s);
    if (!is_success(reply.status)) return;
    const auto answer = reply.body.get<protocol::HeartbeatAnswer>();
    for (const std::string& job : answer.lost) drop_sent(heartbeat, job);
    for (const std::string& job : answer.cancelled) drop_sent(heartbeat, job);
  });
}

void SimulatedSensor::acquire(std::uint32_t process, bool patient) {
  asking_ = true;
  // The same for as long as no answer came.
  if (request_id_.empty()) request_id_ = run() + std::to_string(++requests_);
  const protocol::JobRequest request{capacity_, patient ? 45s : 0s, {"list", "image"}, request_id_};
  send(process, post("/v3/jobs/acquire", request), [this](const Reply& reply) {
    asking_ = false;
    next_acquire_ = world_.now() + (reply.status == 200 ? 0s : 2s);
    if (is_success(reply.status)) request_id_.clear();
    if (reply.status == 200) take(reply.body);
  });
}

/// By that lease: the same job may have come back under another.
SimulatedSensor::Held* SimulatedSensor::held_by(const std::string& id, const Secret& lease) {
  const auto found = jobs_.find(id);
  return found != jobs_.end() && found->second.job.lease_token.equals(lease.reveal()) ? &found->second : nullptr;
}

void SimulatedSensor::drop(const std::string& id, const Secret& lease) {
  if (held_by(id, lease) != nullptr) jobs_.erase(id);
}

void SimulatedSensor::drop_sent(const protocol::Heartbeat& beat, const std::string& id) {
  const auto named = std::ranges::find(beat.jobs, id, &protocol::JobProgress::job_id);
  if (named != beat.jobs.end()) drop(id, named->lease_token);
}

void SimulatedSensor::take(const nlohmann::json& answer) {
  auto batch = answer.get<protocol::JobBatch>();
  for (protocol::Job& job : batch.jobs) {
    ++progress_;
    Held held;
    held.job = std::move(job);
    if (const auto* list = std::get_if<protocol::ListWork>(&held.job.work)) held.cursor = list->cursor;
    const std::string id = held.job.id;
    jobs_[id] = std::move(held);
  }
}

void SimulatedSensor::work_on(const std::string& id, std::uint32_t process) {
  ++progress_;
  Held& held = jobs_.at(id);
  if (std::holds_alternative<protocol::ListWork>(held.job.work)) return list_page(id, held, process);
  switch (held.phase) {
    case Phase::begin: return fetch_manifest(id, held);
    case Phase::claim: return claim(id, held, process);
    case Phase::read: return read_layer(held);
    case Phase::done: return;
  }
}

void SimulatedSensor::list_page(const std::string& id, Held& held, std::uint32_t process) {
  const auto& work = std::get<protocol::ListWork>(held.job.work);
  const ModelRegistry* const registry = world_.registries().find(held.job.registry.endpoint);
  if (registry == nullptr) return fail(id, held, Error(ErrorCode::not_found, "there is no such host"), false);
  const protocol::InventoryPage page = world_.registries().list(*registry, work, held.cursor);
  held.waiting = true;
  WebCall call = post("/v3/jobs/" + id + "/inventory", page);
  call.lease = held.job.lease_token;
  send(process, std::move(call), [this, id, lease = held.job.lease_token, cursor = page.cursor, last = page.last](const Reply& reply) {
    Held* const asked = held_by(id, lease);
    if (asked == nullptr) return;
    asked->waiting = false;
    if (is_refusal(reply.status) || (last && is_success(reply.status))) return drop(id, lease);
    if (is_success(reply.status)) asked->cursor = cursor;
  });
}

void SimulatedSensor::fetch_manifest(const std::string& id, Held& held) {
  const auto& work = std::get<protocol::ImageWork>(held.job.work);
  const auto refused = world_.registries().fetch(held.job.registry.endpoint, work.repository, work.digest);
  if (refused) return fail(id, held, *refused, false);
  const ModelImage& image = world_.registries().image(work.digest);
  if (image.poisonous) return kill();
  held.open = image.layers;
  held.remembered = held.job.options.incremental && images_.contains({work.digest, version_});
  held.phase = Phase::claim;
}

void SimulatedSensor::claim(const std::string& id, Held& held, std::uint32_t process) {
  held.waiting = true;
  const protocol::LayerClaim claim{held.job.lease_token, engine(), held.open, !held.job.options.incremental};
  WebCall call = post("/v3/jobs/" + id + "/layers", claim);
  if (patient_) call.query["wait_s"] = "20";
  send(process, std::move(call), [this, id, lease = held.job.lease_token](const Reply& reply) {
    Held* const asked = held_by(id, lease);
    if (asked == nullptr) return;
    asked->waiting = false;
    if (is_refusal(reply.status)) return drop(id, lease);
    if (is_success(reply.status)) claimed(*asked, reply.body.get<protocol::LayerClaimAnswer>());
  });
}

void SimulatedSensor::claimed(Held& held, const protocol::LayerClaimAnswer& answer) {
  for (const Digest& layer : answer.known) std::erase(held.open, layer);
  for (const protocol::ClaimedLayer& layer : answer.claimed) {
    std::erase(held.open, layer.layer);
    held.to_read.push_back(layer);
  }
  held.phase = Phase::read;
  if (answer.claimed.empty() && !answer.busy.empty()) held.not_before = world_.now() + 1s;
}

void SimulatedSensor::read_layer(Held& held) {
  if (!held.to_read.empty()) {
    const auto refused = world_.registries().fetch_layer(std::get<protocol::ImageWork>(held.job.work).digest);
    if (refused) return fail(held.job.id, held, *refused, false);
    const protocol::ClaimedLayer next = held.to_read.front();
    held.to_read.pop_front();
    deliver(next.layer, engine(), next.read, held);
    ++held.fetched;
    return;
  }
  if (!held.open.empty()) {
    held.phase = Phase::claim;
    return;
  }
  complete(held.job.id, held);
}

/// What the disk has already is not read again, unless the scan asks for that.
void SimulatedSensor::deliver(const Digest& layer, const EngineState& engine, const LayerParts& parts, const Held& held) {
  const auto make = [&](const std::string& part) {
    const bool fresh = store_.insert({layer, part}).second;
    if (fresh || !held.job.options.incremental) world_.reads(layer, part);
  };
  if (parts.facts) {
    make(facts_part(engine));
    outbox_.push_back(part_of(layer, nullptr));
  }
  for (const AnalysisState& of : engine.states) {
    if (!parts.has(of.analysis)) continue;
    make(report_part(of));
    outbox_.push_back(part_of(layer, &of));
  }
}

SimulatedSensor::Outgoing SimulatedSensor::part_of(const Digest& layer, const AnalysisState* of) const {
  Outgoing item;
  item.kind = of == nullptr ? Outgoing::Kind::facts : Outgoing::Kind::report;
  item.layer = layer;
  if (of != nullptr) item.of = *of;
  item.body = of == nullptr ? nlohmann::json(facts_of(layer, engine().walker)) : nlohmann::json(report_of(layer, *of));
  return item;
}

void SimulatedSensor::complete(const std::string& id, Held& held) {
  const auto& work = std::get<protocol::ImageWork>(held.job.work);
  protocol::ImageCompletion completion;
  completion.facts.reference = held.job.registry.endpoint + "/" + work.repository;
  completion.facts.digest = work.digest;
  completion.facts.platform = "linux/amd64";
  completion.facts.layers = world_.registries().image(work.digest).layers;
  completion.facts.documents_state = digest_of("documents");
  completion.engine = engine();
  completion.unchanged = held.remembered && held.fetched == 0;
  completion.layers_fetched = held.fetched;
  images_.insert({work.digest, version_});
  held.phase = Phase::done;
  Outgoing item;
  item.kind = Outgoing::Kind::completion;
  item.job = id;
  item.lease = held.job.lease_token;
  item.body = completion;
  outbox_.push_back(std::move(item));
}

void SimulatedSensor::fail(const std::string& id, const Held& held, const Error& why, bool handed_back) {
  Outgoing item;
  item.kind = Outgoing::Kind::failure;
  item.job = id;
  item.lease = held.job.lease_token;
  item.body = failure_of(why, handed_back);
  outbox_.push_back(std::move(item));
  jobs_.at(id).phase = Phase::done;
}

WebCall SimulatedSensor::call_for(const Outgoing& item) const {
  switch (item.kind) {
    case Outgoing::Kind::facts:
    case Outgoing::Kind::report: {
      const std::string part = item.kind == Outgoing::Kind::facts
                                   ? "/facts/" + item.body.at("walker").get<std::string>()
                                   : "/reports/" + std::string(to_string(item.of.analysis)) + "/" + item.of.state.str();
      WebCall call = post("/v3/layers/" + item.layer.str() + part, item.body);
      call.method = "PUT";
      return call;
    }
    default: {
      WebCall call = post("/v3/jobs/" + item.job + (item.kind == Outgoing::Kind::completion ? "/complete" : "/fail"), item.body);
      call.lease = item.lease;
      return call;
    }
  }
}

void SimulatedSensor::send_out(std::uint32_t process) {
  sending_ = true;
  send(process, call_for(outbox_.front()), [this](const Reply& reply) {
    sending_ = false;
    sent_out(reply);
  });
}

void SimulatedSensor::sent_out(const Reply& reply) {
  if (!is_success(reply.status) && !is_refusal(reply.status)) {
    next_send_ = world_.now() + 1s;
    return;
  }
  ++progress_;
  const bool missing = reply.status == 409 && reply.body.is_object() && reply.body.contains("missing");
  if (missing && !outbox_.front().resent) return resend(reply.body);
  const Outgoing item = std::move(outbox_.front());
  outbox_.pop_front();
  if (!item.job.empty()) drop(item.job, item.lease);
}

void SimulatedSensor::resend(const nlohmann::json& problem) {
  outbox_.front().resent = true;
  const EngineState engine = engine_of(version_);
  for (const Digest& layer : problem.get<protocol::MissingReports>().layers) {
    for (const AnalysisState& of : engine.states) {
      if (store_.contains({layer, report_part(of)})) outbox_.push_front(part_of(layer, &of));
    }
    if (store_.contains({layer, facts_part(engine)})) outbox_.push_front(part_of(layer, nullptr));
  }
}

}  // namespace landwaiter::simulation
