// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/limits.hpp"
#include "platform/http/call.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace landwaiter::platform {

/// Where a handler runs. `none`: on the io thread and without a transaction, for what needs neither the disk nor time. `heavy`: reads that
/// take longer than a person's page may, such as exports.
enum class LaneKind { none, reader, heavy, writer };

using Handler = std::function<Result<Response>(Call&)>;
/// An answer to each of several calls, in one transaction, which is committed in any case.
using BatchHandler = std::function<std::vector<Result<Response>>(std::span<Call>)>;

/// Who may use a route. There is no default, so a forgotten line never leaves a route open.
class Needs {
 public:
  constexpr Needs(Permission permission) : permission_(permission) {}
  /// Anybody, without a token.
  static constexpr Needs nothing() { return Needs(); }
  constexpr std::optional<Permission> permission() const { return permission_; }

 private:
  constexpr Needs() = default;
  std::optional<Permission> permission_;
};

/// A route but for what it does.
struct RouteHead {
  std::string method;
  std::string path;  ///< "/v3/jobs/{id}/fail"
  Needs needs;
  LaneKind lane = LaneKind::reader;
  std::uint64_t body_bytes_max = 0;
  std::uint64_t decoded_body_bytes_max = 0;  ///< if a body may expand beyond body_bytes_max
  bool light = false;                        ///< what it writes may be lost with the database's machine: it is soon said again
};

struct Route : RouteHead {
  Handler handler;
  /// Runs before the handler, without a transaction, for work that would hold up all others. What it gives is the handler then. Without
  /// it the body is parsed before the handler runs.
  std::function<Result<Handler>(const Call&)> prepare = nullptr;
  /// Instead of the handler, on the writer's lane: calls that wait for work, and get it together.
  BatchHandler batch = nullptr;
};

/// A route whose handler gets what `prepare` made of the request.
template <class T>
Route prepared_route(RouteHead head, Result<T> (*prepare)(const Call&), Result<Response> (*handle)(Call&, const T&)) {
  auto bind = [prepare, handle](const Call& call) -> Result<Handler> {
    auto made = prepare(call);
    if (!made) return made.error();
    return Handler([handle, value = std::make_shared<const T>(*std::move(made))](Call& turn) { return handle(turn, *value); });
  };
  return Route{std::move(head), nullptr, std::move(bind), nullptr};
}

class Router {
 public:
  explicit Router(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  ///< nullptr: none
    Parameters parameters;
    std::string allow;  ///< the methods that the path supports, if not this one
  };
  Match match(const std::string& method, const std::vector<std::string>& segments) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> patterns_;
};

}  // namespace landwaiter::platform
