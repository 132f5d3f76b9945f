// SPDX-License-Identifier: Apache-2.0
#include "platform/metrics_page.hpp"

#include "platform/store/gauges.hpp"

#include <utility>

namespace landwaiter::platform {
namespace {

/// They cost the database a count; scrapers come every 15 s or less often.
constexpr std::chrono::seconds kLookInterval{10};

}  // namespace

boost::asio::awaitable<void> MetricsPage::look() {
  const auto self = shared_from_this();
  if (resources_->stopping) co_return;
  for (const Lane* const lane : resources_->lanes->all()) resources_->metrics->lane_queue(lane->name(), lane->figures().waiting);
  const auto now = std::chrono::steady_clock::now();
  if (now < look_again_) co_return;
  look_again_ = now + kLookInterval;
  const auto found = std::make_shared<QueueGauges>();
  Lane::Body read = [found, time = resources_->clock.now()](Transaction& transaction) -> Result<void> {
    *found = read_gauges(transaction, time);
    return {};
  };
  const auto done = co_await resources_->lanes->reading.run(storage::Access::read, std::move(read));
  if (done) resources_->metrics->queue(*found);
}

boost::asio::awaitable<HttpApplication::Verdict> MetricsPage::admit(std::shared_ptr<Request> head) {
  Verdict verdict;
  if (head->path != "/metrics") {
    verdict.refusal = problem(404, "there is only /metrics here");
  } else if (head->method != "GET" && head->method != "HEAD") {
    verdict.refusal = problem(405, "metrics can only be read");
    verdict.refusal->headers.emplace_back("Allow", "GET, HEAD");
  } else {
    co_await look();
    Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = resources_->metrics->text();
    verdict.refusal = std::move(response);
  }
  co_return verdict;
}

}  // namespace landwaiter::platform
