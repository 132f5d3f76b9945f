// SPDX-License-Identifier: Apache-2.0
#include "core/base/json_reader.hpp"
#include "core/wire/protocol_version.hpp"
#include "platform/api/routes.hpp"
#include "platform/store/content/claims.hpp"
#include "platform/store/content/images.hpp"
#include "platform/store/inventory.hpp"
#include "platform/store/queue.hpp"
#include "platform/store/sensors.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace landwaiter::platform {
namespace {

using nlohmann::json;
using protocol::JobKind;

/// The problem type that makes the sensor drop the job, unlike other conflicts.
Response stale(const Error& error) { return problem(409, error.message(), "stale-lease"); }

/// Whether a job that was given up because its sensor was silent may still be the job of a call.
enum class Late { refused, taken };

/// The job of this request; or the answer that ends it.
struct Lookup {
  LeasedJob job;
  std::optional<Response> answer;
};

Result<Lookup> look_up(Call& call, const Secret& lease_token, Late late = Late::refused) {
  auto job = leased_job(*call.transaction, call.parameter("id"), lease_token, call.who.id, call.terms);
  if (job && job->late && late == Late::refused) return Lookup{{}, stale(Error(ErrorCode::conflict, "this job was given up: drop it"))};
  if (job) return Lookup{*std::move(job), std::nullopt};
  if (job.error().code() != ErrorCode::conflict) return job.error();
  return Lookup{{}, stale(job.error())};
}

/// The kinds of jobs that a sensor can do, of those that there are. A newer sensor may name more; one of before kinds were named can do
/// list and image.
std::vector<JobKind> kinds_asked_for(const protocol::JobRequest& request) {
  if (request.kinds.empty()) return {JobKind::list, JobKind::image};
  std::vector<JobKind> kinds;
  for (const std::string& name : request.kinds) {
    if (const auto kind = protocol::job_kind_from(name)) kinds.push_back(*kind);
  }
  return kinds;
}

Result<Acquirer> acquirer_of(Call& call, const protocol::JobRequest& request) {
  if (request.capacity < 1 || request.capacity > limits::api_jobs_max) {
    return Error(ErrorCode::invalid_argument, "field capacity must be a number from 1 to " + std::to_string(limits::api_jobs_max));
  }
  if (request.request_id.size() > limits::name_bytes_max) {
    return Error(ErrorCode::invalid_argument, "field request_id must have at most " + std::to_string(limits::name_bytes_max) + " bytes");
  }
  auto keys = sensor_keys(*call.transaction, call.who.id);
  if (!keys) return keys.error();
  return Acquirer{.sensor_id = call.who.id,
                  .public_key = std::move(keys->public_key),
                  .kinds = kinds_asked_for(request),
                  .capacity = static_cast<std::size_t>(request.capacity),
                  .request_id = request.request_id};
}

/// With jobs, or none yet.
Result<Response> answer_with(Call& call, std::vector<protocol::Job> jobs, std::chrono::seconds wait) {
  if (jobs.empty()) {
    call.nothing_yet = Call::NothingYet{Topic::jobs, std::min(limits::long_poll_max, wait)};
    return empty_response();
  }
  auto response = json_response({{"jobs", jobs}});
  call.undelivered = [jobs = std::move(jobs)](Transaction& transaction, const LeaseTerms& terms) {
    hand_back(transaction, jobs, terms.now);
  };
  return response;
}

/// All in one go: who waits longest comes first, and a job costs the same for one as for many.
std::vector<Result<Response>> acquire(std::span<Call> calls) {
  std::vector<Result<Response>> answers;
  std::vector<Acquirer> acquirers;
  std::vector<std::size_t> asking;
  std::vector<std::chrono::seconds> waits;
  for (Call& call : calls) {
    const auto request = call.body_as<protocol::JobRequest>("request for jobs");
    auto acquirer = request ? acquirer_of(call, *request) : Result<Acquirer>(request.error());
    answers.emplace_back(acquirer ? Result<Response>(empty_response()) : Result<Response>(acquirer.error()));
    if (!acquirer) continue;
    acquirers.push_back(*std::move(acquirer));
    asking.push_back(answers.size() - 1);
    waits.push_back(request->wait);
  }
  if (acquirers.empty()) return answers;
  Call& any = calls[asking.front()];
  auto jobs = acquire_jobs(*any.transaction, any.vault, acquirers, any.terms);
  for (std::size_t i = 0; i < asking.size(); ++i) {
    answers[asking[i]] = answer_with(calls[asking[i]], std::move(jobs[i]), waits[i]);
  }
  return answers;
}

Result<Response> beat(Call& call) {
  const auto heartbeat_body = call.body_as<protocol::Heartbeat>("heartbeat");
  if (!heartbeat_body) return heartbeat_body.error();
  if (heartbeat_body->jobs.size() > limits::api_jobs_max) return Error(ErrorCode::limit_exceeded, "too many jobs in one heartbeat");
  const auto spoken = protocol::choose_version(heartbeat_body->protocols);
  if (!spoken) return protocol_refused(spoken.error());
  auto answer = heartbeat(*call.transaction, call.who.id, *heartbeat_body, call.terms);
  answer.protocol_version = *spoken;
  return json_response(answer);
}

Result<Response> inventory(Call& call) {
  const auto page = call.body_as<protocol::InventoryPage>("inventory page");
  if (!page) return page.error();
  auto found = look_up(call, call.request.lease_token);
  if (!found) return found.error();
  if (found->answer) return *std::move(found->answer);
  if (found->job.kind != JobKind::list) return Error(ErrorCode::invalid_argument, "this job is not a list job");
  if (found->job.ended) return json_response({{"accepted", page->items.size()}});
  const auto keys = sensor_keys(*call.transaction, call.who.id);
  if (!keys) return keys.error();
  const auto queued = store_inventory(*call.transaction, found->job, *page, *keys, call.terms.now);
  if (!queued) return queued.error();
  if (*queued) call.changed(Topic::jobs);
  return json_response({{"accepted", page->items.size()}});
}

/// The query's wait_s in milliseconds, at most 20 s.
Result<std::chrono::milliseconds> claim_wait(const Call& call) {
  const std::string text = call.query("wait_s");
  if (text.empty()) return std::chrono::milliseconds(0);
  constexpr JsonLimits kNumber{1, 20};
  auto number = parse_json(text, "wait_s", kNumber);
  if (!number) return Error(ErrorCode::invalid_argument, "wait_s must be a number from 0 to 20");
  const json object{{"wait_s", *std::move(number)}};
  const auto seconds = optional_number(object, "wait_s", 0, 0, 20);
  if (!seconds) return seconds.error();
  return std::chrono::milliseconds(*seconds * 1000);
}

Result<Response> claim(Call& call) {
  const auto body = call.body_as<protocol::LayerClaim>("layer claim");
  if (!body) return body.error();
  if (body->layers.size() > limits::manifest_layers_max) return Error(ErrorCode::limit_exceeded, "too many layers in one claim");
  if (body->engine.walker.empty() || body->engine.states.empty() || std::ranges::any_of(body->layers, &Digest::empty)) {
    return Error(ErrorCode::malformed, "a layer claim needs digests and states");
  }
  const auto wait = claim_wait(call);
  if (!wait) return wait.error();
  auto found = look_up(call, body->lease_token);
  if (!found) return found.error();
  if (found->answer) return *std::move(found->answer);
  if (found->job.ended) return stale(Error(ErrorCode::conflict, "this job has ended"));
  if (found->job.kind == JobKind::list) return Error(ErrorCode::invalid_argument, "a list job reads no layers");
  const auto answer = claim_layers(*call.transaction, found->job, *body, call.terms.now);
  // Waiting makes sense only if other jobs read all unknown layers.
  if (answer.claimed.empty() && !answer.busy.empty()) call.nothing_yet = Call::NothingYet{Topic::layers, *wait};
  return json_response(answer);
}

Response missing_reports(const std::vector<Digest>& missing) {
  constexpr std::size_t kNamed = 10;
  std::string detail = "layer report missing: ";
  for (std::size_t i = 0; i < std::min(missing.size(), kNamed); ++i) detail += (i == 0 ? "" : ", ") + missing[i].str();
  if (missing.size() > kNamed) detail += ", ...";
  return problem(409, detail, protocol::MissingReports::kProblem, protocol::MissingReports{missing});
}

Result<Response> complete(Call& call) {
  auto found = look_up(call, call.request.lease_token, Late::taken);
  if (!found) return found.error();
  if (found->answer) return *std::move(found->answer);
  if (found->job.ended) return json_response({{"accepted", true}});
  if (found->job.kind == JobKind::list) {
    end_job(*call.transaction, found->job, JobEnd(), call.terms.now);
    return json_response({{"accepted", true}});
  }
  const auto completion = call.body_as<protocol::ImageCompletion>("completion");
  if (!completion) return completion.error();
  if (completion->facts.digest.str() != found->job.digest) {
    return Error(ErrorCode::invalid_argument, "facts.digest is not the digest of this job's image");
  }
  if (completion->facts.layers.size() > limits::manifest_layers_max)
    return Error(ErrorCode::limit_exceeded, "too many layers in one image");
  if (completion->engine.walker.empty() || completion->engine.states.empty()) {
    return Error(ErrorCode::malformed, "a completion needs its walker and its states");
  }
  const auto acceptable = check_image(completion->facts);
  if (!acceptable) return acceptable.error();
  const auto missing = complete_image(*call.transaction, found->job, *completion, call.terms.now);
  if (!missing.empty()) return missing_reports(missing);
  call.changed(Topic::layers);
  return json_response({{"accepted", true}});
}

Result<Response> fail(Call& call) {
  const auto failure = call.body_as<protocol::JobFailure>("failure");
  if (!failure) return failure.error();
  auto found = look_up(call, call.request.lease_token);
  if (!found) return found.error();
  if (found->answer) return *std::move(found->answer);
  if (!found->job.ended) {
    fail_job(*call.transaction, found->job, *failure, call.terms.now);
    call.changed(Topic::jobs);
    call.changed(Topic::layers);
  }
  return json_response({{"accepted", true}});
}

void add(std::vector<Route>& routes, std::string path, Result<Response> (*handler)(Call&), std::uint64_t body_bytes_max) {
  RouteHead head{
      .method = "POST", .path = std::move(path), .needs = Permission::sense, .lane = LaneKind::writer, .body_bytes_max = body_bytes_max};
  routes.push_back({std::move(head), handler});
}

}  // namespace

void add_job_routes(std::vector<Route>& routes) {
  constexpr auto kSmall = limits::api_small_body_bytes_max;
  add(routes, "/v3/sensors/me/heartbeat", beat, kSmall);
  routes.back().light = true;
  add(routes, "/v3/jobs/acquire", nullptr, kSmall);
  routes.back().batch = acquire;
  add(routes, "/v3/jobs/{id}/inventory", inventory, limits::inventory_body_bytes_max);
  add(routes, "/v3/jobs/{id}/layers", claim, kSmall);
  add(routes, "/v3/jobs/{id}/complete", complete, limits::inventory_body_bytes_max);
  add(routes, "/v3/jobs/{id}/fail", fail, kSmall);
}

}  // namespace landwaiter::platform
