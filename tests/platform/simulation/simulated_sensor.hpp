// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/platform/simulation/registry_model.hpp"
#include "tests/platform/simulation/simulated_platform.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace landwaiter::simulation {

/// What a sensor sees of the world.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual SystemTime now() const = 0;
  /// `then` gets the answer, unless the sensor dies first. `process` chooses whom to ask.
  virtual void send(std::size_t sensor, std::uint32_t process, WebCall call, std::function<void(const Reply&)> then) = 0;
  virtual RegistryModel& registries() = 0;
  /// A part of a layer is fetched and read.
  virtual void reads(const Digest& layer, const std::string& part) = 0;
};

/// The detectors of a version: two versions share the walker and one of two analyses.
EngineState engine_of(std::uint32_t version);

/// A sensor that follows the protocol, as a machine that does one thing at a time. What the real one keeps on its disk (its identity, the
/// store, the outbox) outlives a kill.
class SimulatedSensor {
 public:
  SimulatedSensor(std::size_t number, Surroundings& world, Secret enrollment, std::uint32_t version, std::size_t capacity);

  /// Does one of the things that there are to do. False if there is nothing.
  bool act(std::uint32_t choice);
  void kill();
  void start();
  void upgrade() { ++version_; }
  void pause_until(SystemTime time) { paused_until_ = time; }
  /// From now on it asks without waiting.
  void be_impatient() { patient_ = false; }

  bool alive() const { return alive_; }
  bool has_jobs() const { return !jobs_.empty(); }
  /// It holds and has to send nothing.
  bool idle() const { return alive_ && jobs_.empty() && outbox_.empty(); }
  /// How often something happened that is neither a heartbeat nor an empty answer.
  std::uint64_t progress() const { return progress_; }

 private:
  enum class Phase { begin, claim, read, done };
  struct Held {
    protocol::Job job;
    Phase phase = Phase::begin;
    bool waiting = false;  ///< for an answer
    SystemTime not_before;
    std::string cursor;
    std::vector<Digest> open;
    std::deque<protocol::ClaimedLayer> to_read;
    std::uint64_t fetched = 0;
    bool remembered = false;
  };
  struct Outgoing {
    enum class Kind { facts, report, completion, failure };
    Kind kind = Kind::facts;
    Digest layer;
    AnalysisState of;
    std::string job;
    Secret lease;
    nlohmann::json body;
    bool resent = false;
  };
  using Then = std::function<void(const Reply&)>;
  using Deed = std::function<void()>;

  std::vector<Deed> deeds(std::uint32_t choice);
  void send(std::uint32_t process, WebCall call, Then then);
  WebCall post(const std::string& path, nlohmann::json body) const;
  void enroll(std::uint32_t process);
  void beat(std::uint32_t process);
  void acquire(std::uint32_t process, bool patient);
  void take(const nlohmann::json& answer);
  void work_on(const std::string& id, std::uint32_t process);
  void list_page(const std::string& id, Held& held, std::uint32_t process);
  void fetch_manifest(const std::string& id, Held& held);
  void claim(const std::string& id, Held& held, std::uint32_t process);
  void claimed(Held& held, const protocol::LayerClaimAnswer& answer);
  void read_layer(Held& held);
  void complete(const std::string& id, Held& held);
  void fail(const std::string& id, const Held& held, const Error& why, bool handed_back);
  void deliver(const Digest& layer, const EngineState& engine, const LayerParts& parts, const Held& held);
  void send_out(std::uint32_t process);
  void sent_out(const Reply& reply);
  void resend(const nlohmann::json& problem);
  Outgoing part_of(const Digest& layer, const AnalysisState* of) const;
  WebCall call_for(const Outgoing& item) const;
  Held* held_by(const std::string& id, const Secret& lease);
  void drop(const std::string& id, const Secret& lease);
  void drop_sent(const protocol::Heartbeat& beat, const std::string& id);
  std::string run() const { return "sensor " + std::to_string(number_) + " life " + std::to_string(life_) + " request "; }
  EngineState engine() const { return engine_of(version_); }

  std::size_t number_;
  Surroundings& world_;
  Secret enrollment_;
  std::uint32_t version_;
  std::size_t capacity_;
  bool patient_ = true;
  std::uint64_t progress_ = 0;

  // On its disk.
  Secret token_;
  std::deque<Outgoing> outbox_;
  std::set<std::pair<Digest, std::string>> store_;  ///< parts of layers
  std::set<std::pair<Digest, std::uint32_t>> images_;

  // In its memory.
  bool alive_ = true;
  std::uint64_t life_ = 0;
  SystemTime paused_until_;
  SystemTime next_beat_;
  SystemTime next_send_;
  SystemTime next_acquire_;
  bool beating_ = false;
  bool asking_ = false;
  bool enrolling_ = false;
  bool sending_ = false;
  std::string request_id_;
  std::uint64_t requests_ = 0;
  std::map<std::string, Held> jobs_;
};

/// What a sensor finds in a layer. With `forged` as its name it is not what is there.
inline constexpr const char* kForged = "forged";
LayerReport report_of(const Digest& layer, const AnalysisState& of, const std::string& title = "a certificate");
/// Any sensor's, in base64. Nobody opens what is sealed for it.
extern const char* const kPublicKey;

/// How the parts of a layer are named in the simulation: "facts DIGEST" or "cryptography DIGEST".
std::string facts_part(const EngineState& engine);
std::string report_part(const AnalysisState& of);

}  // namespace landwaiter::simulation
