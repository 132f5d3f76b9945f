// SPDX-License-Identifier: Apache-2.0
#include "tests/support/routed_transport.hpp"

#include "registry/http/url.hpp"

namespace landwaiter::test {

using registry::HttpUrl;

RoutedTransport::RoutedTransport(std::shared_ptr<registry::Transport> inner, std::map<std::string, std::string> routes)
    : inner_(std::move(inner)) {
  for (const auto& [from, to] : routes) routes_[HttpUrl::parse(from).value().origin()] = HttpUrl::parse(to).value().origin();
}

Awaitable<std::unique_ptr<registry::HttpResponse>> RoutedTransport::send(registry::HttpRequest request) {
  urls_.push_back(request.url);
  const auto url = HttpUrl::parse(request.url);
  const auto route = url ? routes_.find(url->origin()) : routes_.end();
  if (route != routes_.end()) {
    request.headers.push_back({"X-Original-Host", url->authority()});
    request.url = route->second + url->target;
    // The host that was asked for is not the one that is connected to.
    request.foreign_host = false;
  }
  auto op = inner_->send(std::move(request));
  co_return co_await std::move(op);
}

std::shared_ptr<RoutedTransport> make_routed(std::shared_ptr<registry::Transport> inner, std::map<std::string, std::string> routes) {
  return std::make_shared<RoutedTransport>(std::move(inner), std::move(routes));
}

}  // namespace landwaiter::test
