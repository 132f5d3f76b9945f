// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/http/http_server.hpp"
#include "platform/resources.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>

namespace landwaiter::platform {

/// `GET /metrics`, on a listener of its own: it needs no token, so that it can be kept from those who call the API.
class MetricsPage final : public HttpApplication, public std::enable_shared_from_this<MetricsPage> {
 public:
  explicit MetricsPage(std::shared_ptr<Resources> resources) : resources_(std::move(resources)) {}
  boost::asio::awaitable<Verdict> admit(std::shared_ptr<Request> head) override;

 private:
  /// Brings up to date what nobody counts when it happens.
  boost::asio::awaitable<void> look();

  std::shared_ptr<Resources> resources_;
  std::chrono::steady_clock::time_point look_again_;
};

}  // namespace landwaiter::platform
