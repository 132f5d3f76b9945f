// SPDX-License-Identifier: Apache-2.0
#include "platform/metrics_page.hpp"

#include <utility>

namespace landwaiter::platform {

MetricsPage::MetricsPage(std::shared_ptr<Metrics> metrics, Refresh refresh) : metrics_(std::move(metrics)), refresh_(std::move(refresh)) {}

boost::asio::awaitable<HttpApplication::Verdict> MetricsPage::admit(std::shared_ptr<Request> head) {
  Verdict verdict;
  if (head->path != "/metrics") {
    verdict.refusal = problem(404, "there is only /metrics here");
  } else if (head->method != "GET" && head->method != "HEAD") {
    verdict.refusal = problem(405, "metrics can only be read");
    verdict.refusal->headers.emplace_back("Allow", "GET, HEAD");
  } else {
    if (refresh_) co_await refresh_();
    Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_->text();
    verdict.refusal = std::move(response);
  }
  co_return verdict;
}

}  // namespace landwaiter::platform
