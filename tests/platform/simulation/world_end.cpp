// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/world.hpp"

#include <algorithm>

namespace landwaiter::simulation {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

/// All waits of the queue fit into this: five attempts, and quarantine.
constexpr std::chrono::hours kQuietWithin{12};
constexpr int kActsOfRound = 200;
/// What keeps sensors running waits before it starts one again: less than a lease lasts.
constexpr std::chrono::seconds kStartedAgainAfter{5};

}  // namespace

void World::settle() {
  tell("no more faults");
  faults_ = false;
  for (auto& sensor : sensors_) {
    sensor->pause_until(SystemTime());
    sensor->be_impatient();
  }
  while (!exchanges_.empty()) {
    const std::size_t last = exchanges_.size() - 1;
    if (exchanges_[last].visit && exchanges_[last].visit->stage == Visit::Stage::waiting && !exchanges_[last].answer) now_ += 50s;
    travel(last, Strike::none);
  }
  const SystemTime begin = now_;
  microseconds pause = 1s;
  while (!quiet()) {
    if (now_ - begin > kQuietWithin) break;
    const bool progress = settle_round();
    const bool holds = std::ranges::any_of(sensors_, [](const auto& sensor) { return sensor->has_jobs() || !sensor->alive(); });
    pause = progress ? microseconds(1s) : std::min<microseconds>(pause * 2, holds ? microseconds(10s) : microseconds(300s));
    now_ += pause;
  }
  look();
  check_end();
}

/// All do what there is to do. False if that was nothing.
bool World::settle_round() {
  for (std::size_t i = 0; i < processes_.size(); ++i) maintain(i);
  std::uint64_t before = 0, after = 0;
  for (std::size_t i = 0; i < sensors_.size(); ++i) {
    SimulatedSensor& sensor = *sensors_[i];
    if (!sensor.alive()) start_again(i);
    before += sensor.progress();
    for (int acts = 0; acts < kActsOfRound; ++acts) {
      now_ += microseconds(1000);
      const std::size_t sent = exchanges_.size();
      if (!sensor.act(static_cast<std::uint32_t>(random_.next()))) break;
      if (exchanges_.size() > sent) carry(sent);
    }
    after += sensor.progress();
  }
  return after != before;
}

void World::start_again(std::size_t sensor) {
  const auto [due, died_now] = starts_at_.emplace(sensor, now_ + kStartedAgainAfter);
  if (died_now || due->second > now_) return;
  starts_at_.erase(due);
  sensors_[sensor]->start();
}

bool World::quiet() const {
  const bool ended =
      std::ranges::none_of(ledger_.scans, [](const auto& scan) { return scan.second == "queued" || scan.second == "running"; });
  return ended && std::ranges::all_of(sensors_, [](const auto& sensor) { return sensor->idle(); });
}

void World::check_end() {
  for (const auto& sensor : sensors_) {
    if (!sensor->idle())
      throw Violation("sensors end their jobs", "one still has some after " + std::to_string(kQuietWithin.count()) + " h");
  }
  oracle_.check_end(ledger_);
  check_listings();
  check_images();
  for (const KnownScan& scan : scans_) {
    read_scan(scan.id);
    if (scan.cancelled && ledger_.scans.at(scan.id) != "cancelled") throw Violation("what is cancelled stays so", "scan " + scan.id);
  }
  account_.scans += scans_.size();
}

/// A scan lists what the registry has, each manifest once.
void World::check_listings() const {
  if (registries_.changes() != 0) return;
  for (const KnownScan& scan : scans_) {
    if (scan.registry.empty() || ledger_.scans.at(scan.id) != "finished") continue;
    const auto at = std::ranges::find(registry_ids_, scan.registry) - registry_ids_.begin();
    const ModelRegistry& registry = registries_.registries()[static_cast<std::size_t>(at)];
    std::size_t expected = 0;
    for (const auto& [name, tags] : registry.repositories) {
      for (const auto& [tag, target] : tags) expected += std::max<std::size_t>(1, target.images.size());
    }
    const auto listed = static_cast<std::size_t>(std::ranges::count(ledger_.items, scan.id, &LedgerItem::scan));
    if (listed != expected) {
      throw Violation("each manifest is listed", std::to_string(listed) + " of " + std::to_string(expected) + " in scan " + scan.id);
    }
  }
}

/// An image that counts as scanned has the reports of all its layers.
void World::check_images() {
  std::set<std::string> checked;
  for (const LedgerItem& item : ledger_.items) {
    if (item.state == "failed") ++account_.failed;
    if (item.state != "scanned" && item.state != "unchanged") continue;
    ++account_.images;
    if (!checked.insert(item.digest).second) continue;
    const Reply reply = ask("GET", "/v3/images/" + item.digest + "/report", nullptr);
    if (reply.status != 200) throw Violation("a scanned image has its report", item.digest + " -> " + std::to_string(reply.status));
    std::set<std::string> found;
    for (const nlohmann::json& finding : reply.body.at("findings")) found.insert(finding.at("id").get<std::string>());
    const ModelImage& image = registries_.image(*Digest::parse(item.digest));
    for (const Digest& layer : image.layers) {
      for (const Analysis analysis : {Analysis::cryptography, Analysis::secrets}) {
        if (found.contains(layer.str() + " " + std::string(to_string(analysis)))) continue;
        throw Violation("a scanned image has what each layer holds", item.digest + " lacks " + layer.str());
      }
    }
  }
}

}  // namespace landwaiter::simulation
