// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/platform/simulation/oracle.hpp"
#include "tests/platform/simulation/simulated_sensor.hpp"
#include "tests/platform/simulation/steps.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landwaiter::simulation {

/// What a run was like, for its summary.
struct Account {
  std::uint64_t calls = 0;
  std::uint64_t scans = 0;
  std::uint64_t images = 0;      ///< items that ended as scanned or unchanged
  std::uint64_t reads = 0;       ///< parts of layers that were read
  std::uint64_t read_again = 0;  ///< of those, by a second sensor: the first was hit by a fault
  std::uint64_t failed = 0;

  Account& operator+=(const Account& other);
};

/// Some platform processes over one database, sensors and registries, in one thread. Time passes only by its steps.
class World final : public Surroundings {
 public:
  using Tell = std::function<void(const std::string&)>;
  /// `tell`, which may be empty, gets a line for each step that does something.
  World(SimulatedDatabase& database, std::uint64_t seed, Tell tell);

  /// One step with its faults. Throws Violation.
  void step(const Step& step);
  /// No more faults: all goes on until nothing is left to do, and then everything must have ended well. Throws Violation.
  void settle();
  const Account& account() const { return account_; }

 private:
  struct Exchange {
    std::size_t sensor = 0;
    std::size_t process = 0;
    WebCall call;
    std::function<void(const Reply&)> then;  ///< empty if nobody waits any more
    std::unique_ptr<Visit> visit;            ///< empty until it arrives
    std::optional<Reply> answer;             ///< on its way back
  };
  struct Process {
    std::unique_ptr<SimulatedPlatform> platform;
    bool alive = true;
    std::chrono::microseconds skew{0};  ///< of its clock
    std::chrono::microseconds usual_skew{0};
  };

  SystemTime now() const override { return now_; }
  void send(std::size_t sensor, std::uint32_t process, WebCall call, std::function<void(const Reply&)> then) override;
  RegistryModel& registries() override { return registries_; }
  void reads(const Digest& layer, const std::string& part) override;

  void work(const Step& step, bool at_once);
  void travel(std::size_t index, Strike strike);
  void carry(std::size_t index);
  void serve(Exchange& exchange, Strike strike);
  std::vector<Exchange*> turn_of(Exchange& exchange);
  void note_answer(Exchange& exchange);
  void lose(std::size_t index, bool noticed);
  void answer(std::size_t index, const Reply& reply);
  void kill(std::size_t process);
  void revive(std::size_t process);
  void maintain(std::size_t process);
  void disturb(const Step& step);
  void disturb_exchange(const Step& step, std::size_t index);
  void disturb_sensor(const Step& step, std::size_t index);
  SystemTime time_of(const Process& process) const { return now_ + process.skew; }
  void look();

  // What people do; world_users.cpp.
  void user(const Step& step);
  Reply ask(const std::string& method, const std::string& path, const nlohmann::json& body,
            const std::map<std::string, std::string>& query = {});
  Reply call(const WebCall& call);
  void intrude(const Step& step);
  void scan_registry(std::uint32_t choice);
  void scan_references(std::uint32_t choice);
  void cancel_scan(std::uint32_t choice);
  void read_scan(const std::string& id);
  void read_items(const std::string& id);
  void read_lists();
  std::string some_scan(std::uint32_t choice) const;

  // How it ends; world_end.cpp.
  bool settle_round();
  void start_again(std::size_t sensor);
  bool quiet() const;
  void check_end();
  void check_listings() const;
  void check_images();

  void tell(const std::string& line);
  std::string readable(std::string line);
  static std::string shown(const Exchange& exchange);

  Tell tell_;
  std::vector<std::string> ids_;  ///< that were told
  SimulatedDatabase& database_;
  Random random_;
  RegistryModel registries_;
  Oracle oracle_;
  static constexpr SystemTime kBegin{std::chrono::microseconds(1'800'000'000'000'000)};
  SystemTime now_ = kBegin;
  std::vector<Process> processes_;
  std::vector<std::unique_ptr<SimulatedSensor>> sensors_;
  std::map<std::size_t, SystemTime> starts_at_;  ///< of dead sensors, at the end
  std::vector<Exchange> exchanges_;
  Ledger ledger_;
  std::int64_t changes_seen_ = -1;
  Secret user_token_;
  Secret intruder_token_;
  std::vector<std::string> registry_ids_;
  struct KnownScan {
    std::string id;
    std::string registry;       ///< id, of a scan of all of it
    std::uint64_t changes = 0;  ///< of the registries, when it began
    bool cancelled = false;
  };
  std::vector<KnownScan> scans_;
  std::map<std::pair<Digest, std::string>, std::uint64_t> read_;
  Account account_;
  bool faults_ = true;
};

}  // namespace landwaiter::simulation
