// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/http/transport.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace landwaiter::test {

/// Sends requests for some origins (https://hub.docker.com) to servers of the test, so that code with fixed host names can be
/// tested whole. Only the origin is replaced; the server learns the old one from the header X-Original-Host ("hub.docker.com",
/// with a port when the URL has one). All other requests pass unchanged. Used from one thread.
class RoutedTransport final : public registry::Transport {
 public:
  /// `routes`: from "https://host[:port]" to the base URL of a server. An invalid URL throws.
  RoutedTransport(std::shared_ptr<registry::Transport> inner, std::map<std::string, std::string> routes);

  Awaitable<std::unique_ptr<registry::HttpResponse>> send(registry::HttpRequest request) override;

  /// The URLs of all requests as they were made, also of those for which there is no route.
  const std::vector<std::string>& urls() const { return urls_; }

 private:
  std::shared_ptr<registry::Transport> inner_;
  std::map<std::string, std::string> routes_;
  std::vector<std::string> urls_;
};

std::shared_ptr<RoutedTransport> make_routed(std::shared_ptr<registry::Transport> inner, std::map<std::string, std::string> routes);

}  // namespace landwaiter::test
