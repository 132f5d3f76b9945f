// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/enumerators/enumerator.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/routed_transport.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/scripted_server.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::test {

/// What some hosts answer, by method, host and target: "GET https://harbor.example/v2/_catalog?n=1000", or without the query for any
/// query. All else is 404.
struct Script {
  std::map<std::string, ScriptedResponse> answers;
  /// "https://host" -> header and value without which every request there is a 401, but the probe of /v2/.
  std::map<std::string, std::pair<std::string, std::string>> login;

  ScriptedResponse operator()(const ScriptedRequest& request) const;
  /// 200 with this body.
  void json(const std::string& request, std::string body, std::vector<std::pair<std::string, std::string>> headers = {});
  void status(const std::string& request, int code, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = "");
};

/// The result of a whole walk. Each page was asked for by a new client with nothing but the cursor, as after a restart.
struct Walk {
  std::vector<std::string> names;
  std::vector<std::string> invalid;
  std::vector<std::string> unlisted;  ///< "name: error"
  std::vector<registry::TagEntry> tags;
  std::vector<std::string> cursors;  ///< of the pages after the first
  std::optional<Error> error;        ///< that ended it

  /// "tag digest-or-dash time-or-dash" for each tag.
  std::vector<std::string> told() const;
};

/// A registry of the script's, seen as an endpoint.
class ScriptedRegistry {
 public:
  /// `hosts` are all hosts that the script answers for; the first is the registry.
  ScriptedRegistry(std::vector<std::string> hosts, std::string kind, Script script, Credentials credentials = {});

  Result<std::shared_ptr<registry::Enumerator>> open();
  std::string kind();
  Walk repositories(std::string cursor = "");
  Walk tags(const std::string& repository, std::string cursor = "");
  registry::RepositoryPage page(std::string cursor);

  /// "GET https://host/target" of all requests so far.
  std::vector<std::string> asked() const;
  std::size_t asked_for(const std::string& part) const;
  /// The header's values in all requests to that host.
  std::vector<std::string> sent(const std::string& host, const std::string& lower_header) const;
  std::vector<ScriptedRequest> requests() const { return server_.requests(); }

 private:
  std::vector<std::string> hosts_;
  registry::Endpoint endpoint_;
  ScriptedServer server_;
  boost::asio::io_context io_;
  RealClock clock_;
  std::shared_ptr<registry::Client> client_;  ///< the last one opened
};

/// "sha256:" and 64 times that character.
std::string digest_of(char c);
/// A JSON array of `count` names: prefix0000, prefix0001, ...
std::string many(const std::string& prefix, std::size_t count, std::size_t first = 0);
bool mentions(const Walk& walk, const std::string& text);

using Strings = std::vector<std::string>;

}  // namespace landwaiter::test
