// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/world.hpp"

#include <algorithm>

namespace landwaiter::simulation {
namespace {

constexpr std::size_t kScansMax = 4;

void must(const Reply& reply, int status, const std::string& what) {
  if (reply.status == status) return;
  throw Violation("users get the answers that the API promises", what + " -> " + std::to_string(reply.status) + " " + reply.body.dump());
}

}  // namespace

Reply World::ask(const std::string& method, const std::string& path, const nlohmann::json& body,
                 const std::map<std::string, std::string>& query) {
  Reply reply = call({.method = method, .path = path, .query = query, .body = body, .token = user_token_, .lease = {}});
  tell("user: " + method + " " + path + " -> " + std::to_string(reply.status));
  return reply;
}

/// At once, of a process that lives.
Reply World::call(const WebCall& call) {
  const auto alive = std::ranges::find_if(processes_, [](const Process& process) { return process.alive; });
  if (alive == processes_.end()) revive(0);
  Process& process = alive == processes_.end() ? processes_.front() : *alive;
  const auto visit = process.platform->begin(call);
  while (!visit->reply) (void)process.platform->advance(*visit, time_of(process), Strike::none);
  ++account_.calls;
  if (visit->committed) {
    oracle_.committed(*visit, ledger_, time_of(process));
    look();
  }
  return *visit->reply;
}

/// It is enrolled, and knows the ids of jobs, but has no lease.
void World::intrude(const Step& step) {
  WebCall forged{.method = "POST", .path = "", .query = {}, .body = nullptr, .token = intruder_token_, .lease = Secret("lwl_forged")};
  const auto part = oracle_.some_part(step.who);
  if (step.what % 2 == 0 && part) {
    const AnalysisState of{Analysis::cryptography, *Digest::parse(part->second.substr(part->second.find(' ') + 1))};
    forged.method = "PUT";
    forged.path = "/v3/layers/" + part->first + "/reports/cryptography/" + of.state.str();
    forged.body = report_of(*Digest::parse(part->first), of, kForged);
  } else if (!ledger_.jobs.empty()) {
    const auto job = std::next(ledger_.jobs.begin(), step.who % ledger_.jobs.size());
    forged.path = "/v3/jobs/" + job->first + (job->second.is_list ? "/inventory" : "/fail");
    forged.body = job->second.is_list ? nlohmann::json(protocol::InventoryPage{.cursor = "zzz", .last = true, .items = {}})
                                      : nlohmann::json(protocol::JobFailure());
  } else {
    return;
  }
  tell("intruder: " + forged.method + " " + forged.path + " -> " + std::to_string(call(forged).status));
}

void World::user(const Step& step) {
  const std::uint32_t choice = step.what / 8;
  switch (step.what % 8) {
    case 0: return scan_registry(choice);
    case 1: return scan_references(choice);
    case 2: return cancel_scan(choice);
    case 3:
    case 4: return read_scan(some_scan(choice));
    case 5: return read_items(some_scan(choice));
    default: return read_lists();
  }
}

std::string World::some_scan(std::uint32_t choice) const { return scans_[choice % scans_.size()].id; }

void World::scan_registry(std::uint32_t choice) {
  if (scans_.size() >= kScansMax) return;
  const std::string& registry = registry_ids_[choice % registry_ids_.size()];
  const Reply reply = ask("POST", "/v3/registries/" + registry + "/scan", {{"incremental", choice / 4 % 4 != 0 || !faults_}});
  must(reply, 201, "a scan of a registry");
  scans_.push_back({reply.body.at("scanId").get<std::string>(), registry, registries_.changes(), false});
}

void World::scan_references(std::uint32_t choice) {
  if (scans_.size() >= kScansMax) return;
  nlohmann::json images = nlohmann::json::array();
  for (const ModelRegistry& registry : registries_.registries()) {
    for (const auto& [name, tags] : registry.repositories) {
      for (const auto& [tag, target] : tags) {
        if ((choice = choice * 5 + 3) % 3 == 0 || images.empty()) images.push_back(registry.host + "/" + name + ":" + tag);
      }
    }
  }
  const nlohmann::json body{{"sensorName", "s"}, {"sensorType", "Container"}, {"sensorConfig", {{"images", images}}}};
  const Reply reply = ask("POST", "/v3/scan/create", body);
  must(reply, 201, "a scan of images");
  scans_.push_back({reply.body.at("scanId").get<std::string>(), "", registries_.changes(), false});
}

void World::cancel_scan(std::uint32_t choice) {
  KnownScan& scan = scans_[choice % scans_.size()];
  const Reply reply = ask("POST", "/v3/scans/" + scan.id + "/cancel", nullptr);
  if (reply.status == 200) {
    scan.cancelled = true;
    return;
  }
  must(reply, 409, "cancelling a scan");
  const std::string& state = ledger_.scans.at(scan.id);
  if (state != "finished" && state != "failed")
    throw Violation("a scan can be cancelled until it ends", "scan " + scan.id + " is " + state);
}

void World::read_scan(const std::string& id) {
  const Reply reply = ask("GET", "/v3/scans/" + id, nullptr);
  must(reply, 200, "a scan");
  const nlohmann::json& counts = reply.body.at("counts");
  std::map<std::string, std::int64_t> items;
  for (const LedgerItem& item : ledger_.items) {
    // The items of a cancelled scan follow it.
    const bool follows = item.state == "pending" && ledger_.scans.at(id) == "cancelled";
    if (item.scan == id) ++items[follows ? "cancelled" : item.state];
  }
  std::int64_t sum = 0;
  for (const auto& [state, count] : counts.items()) {
    if (state == "listed") continue;
    sum += count.get<std::int64_t>();
    if (count != items[state]) {
      throw Violation("counts are those of the items",
                      state + " " + count.dump() + " and not " + std::to_string(items[state]) + " in scan " + id);
    }
  }
  if (counts.at("listed") != sum) throw Violation("counts add up", counts.dump() + " of scan " + id);
}

void World::read_items(const std::string& id) {
  std::size_t seen = 0;
  std::map<std::string, std::string> query{{"page_size", "3"}};
  while (true) {
    const Reply reply = ask("GET", "/v3/scans/" + id + "/items", nullptr, query);
    must(reply, 200, "a scan's items");
    seen += reply.body.at("items").size();
    query["page_token"] = reply.body.at("next_page_token").get<std::string>();
    if (query["page_token"].empty()) break;
  }
  const auto listed = static_cast<std::size_t>(std::ranges::count(ledger_.items, id, &LedgerItem::scan));
  if (seen != listed) throw Violation("pages show each item", std::to_string(seen) + " of " + std::to_string(listed) + " in scan " + id);
}

void World::read_lists() {
  for (const char* list : {"/v3/scans", "/v3/images", "/v3/findings", "/v3/sensors"}) must(ask("GET", list, nullptr), 200, list);
}

}  // namespace landwaiter::simulation
