// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/oracle.hpp"

#include "core/base/limits.hpp"
#include "tests/platform/simulation/simulated_sensor.hpp"

#include <algorithm>

namespace landwaiter::simulation {
namespace {

constexpr auto kSilentEndsMax = static_cast<std::int64_t>(limits::job_silent_ends_max + limits::job_silent_ends_alone_max);

bool is_success(const Visit& visit) { return visit.reply && visit.reply->status >= 200 && visit.reply->status <= 299; }

nlohmann::json body_of(const Visit& visit) { return nlohmann::json::parse(visit.request.body); }

const LedgerJob* find(const Ledger& ledger, const std::string& job) {
  const auto found = ledger.jobs.find(job);
  return found == ledger.jobs.end() ? nullptr : &found->second;
}

std::string named(const LedgerItem& item) { return item.repository + ":" + item.tag + "@" + item.digest.substr(0, 14); }

}  // namespace

void Oracle::committed(const Visit& visit, const Ledger& before, SystemTime now) {
  if (visit.reply && visit.reply->status == 500) throw Violation("no internal error", visit.request.path);
  if (!is_success(visit)) return;
  const auto& path = visit.request.segments;
  if (visit.request.path == "/v3/jobs/acquire") return granted(visit, before, now);
  if (visit.request.path == "/v3/sensors/me/heartbeat") return beaten(visit, before, now);
  if (path.size() == 4 && path[1] == "jobs") return job_called(visit, before, now);
  if (path.size() >= 5 && path[1] == "layers") return stored(visit);
}

void Oracle::granted(const Visit& visit, const Ledger& before, SystemTime now) {
  if (!visit.reply->body.is_object()) return;
  for (const protocol::Job& job : visit.reply->body.get<protocol::JobBatch>().jobs) {
    Account& account = jobs_[job.id];
    Grant& last = account.grant;
    if (last.token == job.lease_token.reveal()) continue;  // the same answer again
    const LedgerJob* const was = find(before, job.id);
    const std::string request = body_of(visit).value("request_id", "");
    const bool repeated = last.sensor == visit.who.id && last.request == request;  // that answer did not arrive
    if (was != nullptr && !last.token.empty() && !last.released && !repeated && was->leased_at(now)) {
      throw Violation("no job is leased twice", "job " + job.id + " is leased to sensor " + visit.who.id + " and to " + last.sensor);
    }
    if (!last.token.empty() && !last.released && !repeated) ++account.silent_ends;
    last = {job.lease_token.reveal(), visit.who.id, request, false};
  }
}

void Oracle::handed_back(const Visit& visit) {
  if (!visit.reply || !visit.reply->body.is_object()) return;
  for (const protocol::Job& job : visit.reply->body.get<protocol::JobBatch>().jobs) {
    Account& account = jobs_[job.id];
    account.ended.insert(job.lease_token.reveal());
    if (account.grant.token == job.lease_token.reveal()) account.grant.released = true;
  }
}

void Oracle::beaten(const Visit& visit, const Ledger& before, SystemTime now) const {
  const auto beat = body_of(visit).get<protocol::Heartbeat>();
  const auto answer = visit.reply->body.get<protocol::HeartbeatAnswer>();
  for (const protocol::JobProgress& progress : beat.jobs) {
    const auto account = jobs_.find(progress.job_id);
    const LedgerJob* const was = find(before, progress.job_id);
    if (account == jobs_.end() || was == nullptr || !was->leased_at(now)) continue;
    if (account->second.grant.token != progress.lease_token.reveal() || account->second.grant.released) continue;
    if (std::ranges::find(answer.lost, progress.job_id) == answer.lost.end()) continue;
    throw Violation("a live lease is renewed", "the holder of job " + progress.job_id + " is told that it lost it");
  }
}

void Oracle::job_called(const Visit& visit, const Ledger& before, SystemTime now) {
  const std::string& id = visit.request.segments[2];
  const std::string& verb = visit.request.segments[3];
  const nlohmann::json body = body_of(visit);
  const std::string token = verb == "layers" ? body.at("lease_token").get<std::string>() : visit.request.lease_token.reveal();
  Account& account = jobs_[id];
  if (account.ended.contains(token)) {
    if (verb == "layers") throw Violation("a lease that ended claims nothing", "job " + id);
    return;
  }
  if (account.grant.token != token) throw Violation("a stale lease is refused", verb + " of job " + id + " by a sensor that has lost it");
  const LedgerJob* const was = find(before, id);
  // What the last lease of a job completes is taken although it ran out.
  const bool late = verb == "complete" && was != nullptr && was->state == "failed" && !account.grant.released;
  if (was == nullptr || !(was->open() || late)) throw Violation("a job that has ended takes no more calls", verb + " of job " + id);
  if (before.scans.at(was->scan) == "cancelled") throw Violation("a cancelled scan takes no more calls", verb + " of job " + id);
  if (verb == "layers") return claimed(visit, id, token, before, now);
  const bool ends = verb == "complete" || verb == "fail" || (verb == "inventory" && body.value("last", false));
  if (!ends) return;
  account.ended.insert(token);
  account.grant.released = true;
  if (verb == "fail" && body.value("retryable", false) && !body.value("handed_back", false)) ++account.failures;
}

void Oracle::claimed(const Visit& visit, const std::string& job, const std::string& token, const Ledger& before, SystemTime now) {
  const auto claim = body_of(visit).get<protocol::LayerClaim>();
  for (const protocol::ClaimedLayer& layer : visit.reply->body.get<protocol::LayerClaimAnswer>().claimed) {
    std::vector<std::string> parts;
    if (layer.read.facts) parts.push_back(facts_part(claim.engine));
    for (const AnalysisState& of : claim.engine.states) {
      if (layer.read.has(of.analysis)) parts.push_back(report_part(of));
    }
    for (const std::string& part : parts) {
      PartAccount& account = parts_[{layer.layer.str(), part}];
      if (account.stored && !claim.force) throw Violation("what is known is not read again", part + " of " + layer.layer.str());
      const auto other = jobs_.find(account.job);
      const LedgerJob* const was = find(before, account.job);
      const bool reading = !account.stored && account.job != job && was != nullptr && was->leased_at(now) && other != jobs_.end() &&
                           other->second.grant.token == account.token && !other->second.grant.released;
      if (reading) throw Violation("a layer is read by one sensor", part + " of " + layer.layer.str());
      account = {job, token, false};
    }
  }
}

void Oracle::stored(const Visit& visit) {
  const auto& path = visit.request.segments;
  if (visit.request.method != "PUT") return;
  if (visit.request.body.find(kForged) != std::string::npos) {
    throw Violation("a report is replaced by who has claimed it", path[2] + " by sensor " + visit.who.id);
  }
  const std::string part = path[3] == "facts" ? "facts " + path[4] : path[4] + " " + path.at(5);
  parts_[{path[2], part}].stored = true;
}

std::optional<std::pair<std::string, std::string>> Oracle::some_part(std::uint32_t choice) const {
  std::vector<Part> parts;
  for (const auto& [part, account] : parts_) {
    if (part.second.starts_with("cryptography ") && account.stored) parts.push_back(part);
  }
  if (parts.empty()) return std::nullopt;
  return parts[choice % parts.size()];
}

/// A lease that ran out takes its claims along, even if its holder takes it up again.
void Oracle::forget_claims(const Ledger& ledger) {
  for (auto& [part, account] : parts_) {
    const LedgerJob* const job = find(ledger, account.job);
    if (job != nullptr && job->state != "leased") account.job.clear();
  }
}

void Oracle::check(const Ledger& ledger) {
  forget_claims(ledger);
  std::set<std::string> open_scans;
  for (const auto& [id, job] : ledger.jobs) {
    if (job.open()) open_scans.insert(job.scan);
    if (job.state == "leased" && (job.sensor.empty() || job.lease_until == SystemTime())) {
      throw Violation("no lease without a holder and an end", "job " + id);
    }
    const auto account = jobs_.find(id);
    const std::int64_t failures = account == jobs_.end() ? 0 : account->second.failures;
    if (job.open() && job.attempt > failures + (job.state == "leased" ? 1 : 0)) {
      throw Violation("only a job's own failures cost it attempts",
                      "job " + id + " has " + std::to_string(job.attempt) + " attempts and failed " + std::to_string(failures) + " times");
    }
  }
  for (const auto& [id, state] : ledger.scans) {
    const bool open = open_scans.contains(id);
    if (open && (state == "finished" || state == "failed")) throw Violation("no scan ends with open jobs", "scan " + id + " is " + state);
  }
  std::set<std::tuple<std::string, std::string, std::string, std::string, std::string>> seen;
  for (const LedgerItem& item : ledger.items) {
    if (!seen.emplace(item.scan, item.registry, item.repository, item.tag, item.digest).second) {
      throw Violation("a manifest is one item", named(item));
    }
    if (item.state != "pending") continue;
    const LedgerJob* const job = find(ledger, item.job);
    if (job == nullptr || !job->open()) throw Violation("what is pending has an open job", named(item));
  }
  check_claims(ledger);
}

void Oracle::check_claims(const Ledger& ledger) const {
  for (const LedgerClaim& claim : ledger.claims) {
    const LedgerJob* const job = find(ledger, claim.job);
    if (job == nullptr || job->state != "leased") {
      throw Violation("a claim ends with its lease",
                      claim.part.substr(0, 24) + " of " + claim.layer.substr(0, 14) + " by job " + claim.job);
    }
  }
}

/// Images fail by their own fault, or by what ends their sensors.
void Oracle::check_failed(const Ledger& ledger, const LedgerItem& item) const {
  const auto digest = Digest::parse(item.digest);
  const auto image = registries_.images().find(digest ? *digest : Digest());
  if (image == registries_.images().end() || image->second.poisonous || registries_.may_be_unreadable(image->first)) return;
  const auto account = jobs_.find(item.job);
  // The last silent end is followed by no grant.
  if (account != jobs_.end() && account->second.silent_ends + 1 >= kSilentEndsMax) return;
  throw Violation("a healthy image does not fail",
                  named(item) + " of scan " + item.scan + " (" + std::to_string(ledger.scans.size()) + " scans)");
}

void Oracle::check_end(const Ledger& ledger) const {
  for (const auto& [id, state] : ledger.scans) {
    if (state == "queued" || state == "running") throw Violation("each scan ends", "scan " + id + " is " + state);
  }
  for (const auto& [id, job] : ledger.jobs) {
    if (job.open()) throw Violation("each job ends", "job " + id + " is " + job.state);
  }
  if (!ledger.claims.empty()) throw Violation("no claim remains", ledger.claims.front().part);
  for (const LedgerItem& item : ledger.items) {
    if (item.state == "pending") throw Violation("each item ends", named(item));
    const auto digest = Digest::parse(item.digest);
    if (item.state == "failed") check_failed(ledger, item);
    if (item.state == "scanned" && digest && registries_.images().at(*digest).poisonous) {
      throw Violation("the poisonous image is given up", named(item));
    }
  }
}

}  // namespace landwaiter::simulation
