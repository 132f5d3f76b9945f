// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http/http_server.hpp"
#include "platform/metrics/metrics.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

namespace landwaiter::platform {

/// `GET /metrics`, on a listener of its own: it needs no token, so that it can be kept from those who call the API.
class MetricsPage final : public HttpApplication {
 public:
  /// Brings up to date what is only looked up now and then; may be empty.
  using Refresh = std::function<boost::asio::awaitable<void>()>;

  explicit MetricsPage(std::shared_ptr<Metrics> metrics, Refresh refresh = nullptr);
  boost::asio::awaitable<Verdict> admit(std::shared_ptr<Request> head) override;

 private:
  std::shared_ptr<Metrics> metrics_;
  Refresh refresh_;
};

}  // namespace landwaiter::platform
