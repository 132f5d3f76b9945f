// SPDX-License-Identifier: Apache-2.0
#include "daemon/sensor/platform_book.hpp"

#include "core/base/log.hpp"

namespace landwaiter::daemon {
namespace {

using protocol::LayerClaimAnswer;

/// How long the platform may hold a claim if all its layers are busy.
constexpr std::chrono::seconds kBusyWait{20};

class PlatformBook final : public LayerBook {
 public:
  PlatformBook(asio::any_io_executor executor, Uplink& uplink, Outbox& outbox, const protocol::Job& job, EngineState engine,
               std::stop_token stop)
      : sleeper_(executor), uplink_(uplink), outbox_(outbox), job_id_(job.id), stop_(std::move(stop)) {
    claim_.lease_token = job.lease_token;
    claim_.engine = std::move(engine);
    claim_.force = !job.options.incremental;
  }

  Awaitable<LayerClaimAnswer> claim(std::vector<Digest> layers) override {
    for (std::size_t failures = 0;; ++failures) {
      if (stop_.stop_requested()) co_return Error(ErrorCode::cancelled, "the job was stopped");
      protocol::LayerClaim claim = claim_;
      claim.layers = layers;
      auto answer = co_await uplink_.claim(job_id_, std::move(claim), kBusyWait);
      if (answer || !answer.error().transient()) co_return answer;
      log_event(LogLevel::warning, "platform is unreachable", {{"job", job_id_}, {"error", answer.error().message()}});
      co_await sleeper_.sleep(backoff(failures, answer.error()));
    }
  }

  Awaitable<void> deliver(ScannedLayer layer) override { return outbox_.put_layer(std::move(layer)); }

  Awaitable<void> deliver_stored(Digest layer, LayerParts parts) override { return outbox_.put_stored(std::move(layer), std::move(parts)); }

  // The job fails or is handed back as a whole, and with it go its claims.
  void release(const std::vector<Digest>&) override {}

 private:
  Sleeper sleeper_;
  Uplink& uplink_;
  Outbox& outbox_;
  std::string job_id_;
  protocol::LayerClaim claim_;
  std::stop_token stop_;
};

}  // namespace

std::shared_ptr<LayerBook> open_platform_book(asio::any_io_executor executor, Uplink& uplink, Outbox& outbox, const protocol::Job& job,
                                              EngineState engine, std::stop_token stop) {
  return std::make_shared<PlatformBook>(executor, uplink, outbox, job, std::move(engine), std::move(stop));
}

}  // namespace landwaiter::daemon
