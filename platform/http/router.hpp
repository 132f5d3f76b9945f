// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "platform/http/call.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace landwaiter::platform {

/// Who may call. A sensor token that is not bound to a sensor counts as an enrolment token.
enum class Access { open, api, enrolment, sensor, api_or_sensor };

enum class LaneKind { reader, writer };

struct Route {
  std::string method;
  std::string path;  ///< "/v3/jobs/{id}/fail"
  Access access = Access::api;
  LaneKind lane = LaneKind::reader;
  std::function<Result<Response>(Call&)> handler;
  std::uint64_t body_bytes_max = 0;
  std::uint64_t decoded_body_bytes_max = limits::api_body_bytes_max;
  /// Runs before, on the reader's lane and without a transaction: work that would hold up all others.
  std::function<Result<void>(Call&)> prepare = nullptr;
};

class Router {
 public:
  explicit Router(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  ///< nullptr: none
    std::map<std::string, std::string> parameters;
    std::string allow;  ///< the methods that the path does have, when it has not this one
  };
  Match match(const std::string& method, const std::vector<std::string>& segments) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> patterns_;
};

}  // namespace landwaiter::platform
