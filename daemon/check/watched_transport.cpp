// SPDX-License-Identifier: Apache-2.0
#include "daemon/check/watched_transport.hpp"

#include "core/base/text.hpp"
#include "registry/http/http_headers.hpp"
#include "registry/http/url.hpp"

#include <array>

namespace landwaiter::daemon {
namespace {

/// draft-ietf-httpapi-ratelimit-headers, its predecessors, and headers of answers with status 429.
constexpr std::array<std::string_view, 6> kLimitHeaders{"RateLimit-Limit",   "RateLimit-Remaining",   "RateLimit-Reset",
                                                        "X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After"};
constexpr std::size_t kValueBytesMax = 100;

}  // namespace

Awaitable<std::unique_ptr<registry::HttpResponse>> WatchedTransport::send(registry::HttpRequest request) {
  const auto url = registry::HttpUrl::parse(request.url);
  const std::string origin = url ? url->origin() : std::string();
  auto response = co_await inner_->send(std::move(request));
  if (response) note(origin, **response);
  co_return response;
}

void WatchedTransport::note(const std::string& origin, const registry::HttpResponse& response) {
  WireNotes& notes = notes_[origin];
  if (response.status() == 429) ++notes.throttled;
  if (const auto date = registry::parse_http_date(response.header("Date").value_or(""))) {
    notes.clock_ahead = std::chrono::duration_cast<std::chrono::seconds>(*date - clock_.now());
  }
  for (const std::string_view name : kLimitHeaders) {
    if (const auto value = response.header(name)) notes.limits[std::string(name)] = printable(value->substr(0, kValueBytesMax));
  }
}

}  // namespace landwaiter::daemon
