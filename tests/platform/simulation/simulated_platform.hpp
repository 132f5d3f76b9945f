// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/json.hpp"
#include "platform/http/router.hpp"
#include "platform/store/content/retention.hpp"
#include "platform/store/queue/processes.hpp"
#include "platform/store/tokens.hpp"
#include "tests/platform/simulation/simulated_database.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace landwaiter::simulation {

/// What a caller sends.
struct WebCall {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query;
  nlohmann::json body;
  Secret token;
  Secret lease;
};

/// What it gets; status 0 is a broken connection.
struct Reply {
  int status = 0;
  nlohmann::json body;
};

/// What happens to a process while it serves a call.
enum class Strike { none, dies_before_commit, dies_after_commit, disk_full };

/// A call within a process. It stops wherever the real one awaits something.
class Visit {
 public:
  bool answered() const { return reply.has_value(); }

  enum class Stage { arrived, admitted, prepared, waiting };
  Stage stage = Stage::arrived;
  bool waits_for_turn() const { return !answered() && (stage == Stage::prepared || stage == Stage::waiting); }
  platform::Request request;
  platform::Router::Match match;
  platform::Principal who;
  platform::Handler handler;
  std::optional<Result<nlohmann::json>> document;
  platform::Call::Undo undo;  ///< if the answer does not reach the caller
  std::optional<SystemTime> waits_until;
  std::optional<Reply> reply;
  bool committed = false;  ///< the last advance() changed the database
};

/// A platform process without its sockets and threads: the real routes over the real store. The only file that knows how the platform
/// serves a call.
class SimulatedPlatform {
 public:
  SimulatedPlatform(SimulatedDatabase& database, std::size_t number);

  std::unique_ptr<Visit> begin(const WebCall& call) const;
  /// To the next await, by the process' clock. True if the process lives on.
  bool advance(Visit& visit, SystemTime now, Strike strike);
  /// The same for calls that wait for a turn of one route, which serves them together.
  bool advance_round(const std::vector<Visit*>& visits, SystemTime now, Strike strike);
  /// The route serves several calls in one turn.
  static bool in_rounds(const Visit& visit) { return visit.match.route != nullptr && visit.match.route->batch; }
  /// An answer could not be written.
  void undelivered(const platform::Call::Undo& undo, SystemTime now);
  /// What it does every second.
  void maintain(SystemTime now);
  /// After a kill, and before it serves.
  void start(SystemTime now);
  /// As the command makes it.
  Secret new_token(platform::TokenKind kind, SystemTime now);

 private:
  void admit(Visit& visit, SystemTime now);
  void prepare(Visit& visit, SystemTime now);
  bool take_turn(Visit& visit, SystemTime now, Strike strike);
  static void take(Visit& visit, const Result<platform::Response>& response, platform::Call& call, SystemTime now);
  platform::Call call_of(const Visit& visit, SystemTime now, storage::Transaction* transaction) const;

  SimulatedDatabase& shared_;
  storage::Database& database_;
  platform::Router router_;
  Policy policy_;
  platform::RetentionRound retention_;
  std::size_t number_;
  std::size_t runs_ = 0;
  platform::Process process_{"", "1"};
};

}  // namespace landwaiter::simulation
