// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/log.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace landwaiter::platform {

class Metrics;

/// A request that was answered, or whose caller left before.
struct ServedRequest {
  std::string_view method;
  std::string_view path;    ///< without its query, which may hold anything
  std::string_view route;   ///< empty if none fits
  std::string_view caller;  ///< the id of its token or sensor, empty without a valid token
  std::string_view peer;
  int status = 0;
  std::chrono::microseconds took{0};
  std::uint64_t bytes = 0;  ///< of the answer's body
};

/// Counts requests, and logs them: each one if asked to, and of those that were refused (401, 403, 404, 405, 413, 429) so many that a
/// flood does not fill the disk. Lives on the io thread.
class RequestLog {
 public:
  using Write = std::function<void(LogLevel, std::string_view, const nlohmann::json&)>;

  /// `metrics` may be empty.
  RequestLog(bool all, std::shared_ptr<Metrics> metrics, Write write = log_event);
  void served(const ServedRequest& request, SteadyTime now);

 private:
  bool may_warn(SteadyTime now);

  bool all_;
  std::shared_ptr<Metrics> metrics_;
  Write write_;
  double tokens_;
  SteadyTime filled_;
  std::uint64_t left_out_ = 0;
};

}  // namespace landwaiter::platform
