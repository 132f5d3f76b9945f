// SPDX-License-Identifier: Apache-2.0
#include "platform/http/request_log.hpp"

#include "platform/metrics/metrics.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace landwaiter::platform {
namespace {

/// Enough to see who does what, and at most some 15 MB of log a day.
constexpr double kWarningsAtOnce = 20;
constexpr double kWarningsPerSecond = 1;
/// Of a path in the log: the longest of ours has two digests.
constexpr std::size_t kPathBytesMax = 300;

bool is_refusal(int status) {
  static constexpr std::array kRefusals{401, 403, 404, 405, 413, 429};
  return std::ranges::find(kRefusals, status) != kRefusals.end();
}

nlohmann::json fields_of(const ServedRequest& request) {
  return {{"method", std::string(request.method.substr(0, kPathBytesMax))},
          {"path", std::string(request.path.substr(0, kPathBytesMax))},
          {"status", request.status},
          {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(request.took).count()},
          {"bytes", request.bytes},
          {"caller", std::string(request.caller)},
          {"peer", std::string(request.peer)}};
}

}  // namespace

RequestLog::RequestLog(bool all, std::shared_ptr<Metrics> metrics, Write write)
    : all_(all), metrics_(std::move(metrics)), write_(std::move(write)), tokens_(kWarningsAtOnce) {}

bool RequestLog::may_warn(SteadyTime now) {
  const std::chrono::duration<double> since = now - std::exchange(filled_, now);
  tokens_ = std::min(kWarningsAtOnce, tokens_ + since.count() * kWarningsPerSecond);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void RequestLog::served(const ServedRequest& request, SteadyTime now) {
  if (metrics_) metrics_->request(request.method, request.route, request.status, request.took);
  const bool refused = is_refusal(request.status);
  if (refused && may_warn(now)) {
    auto fields = fields_of(request);
    if (left_out_ > 0) fields["not_logged"] = std::exchange(left_out_, 0);
    write_(LogLevel::warning, "request refused", fields);
  } else if (all_) {
    write_(LogLevel::info, "request", fields_of(request));
  } else if (refused) {
    ++left_out_;
  }
}

}  // namespace landwaiter::platform
