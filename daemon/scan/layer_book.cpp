// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/layer_book.hpp"

namespace landwaiter::daemon {

LocalClaims::LocalClaims(asio::any_io_executor executor, StoreThread& store, Digest detector_state, const Clock& clock, bool incremental)
    : store_(store), detector_state_(std::move(detector_state)), clock_(clock), incremental_(incremental), changed_(executor) {}

Awaitable<bool> LocalClaims::is_known(Digest layer) {
  if (fresh_.contains(layer)) co_return true;
  if (!incremental_) co_return false;
  auto look_up = [layer, state = detector_state_](storage::Store& store) { return store.has_layer_report(layer, state); };
  auto operation = store_.run(std::move(look_up));
  co_return co_await std::move(operation);
}

class LocalBook final : public LayerBook {
 public:
  explicit LocalBook(LocalClaims& claims) : claims_(claims) {}

  Awaitable<protocol::LayerClaimAnswer> claim(std::vector<Digest> layers) override {
    while (true) {
      protocol::LayerClaimAnswer answer;
      for (const Digest& layer : layers) {
        auto operation = claims_.is_known(layer);
        auto known = co_await std::move(operation);
        if (!known) co_return known.error();
        // No suspension between looking at busy_ and writing to it.
        if (*known) answer.known.push_back(layer);
        else if (claims_.busy_.insert(layer).second) answer.claimed.push_back(layer);
        else answer.busy.push_back(layer);
      }
      if (!answer.known.empty() || !answer.claimed.empty() || answer.busy.empty()) co_return answer;
      co_await claims_.changed_.wait();
    }
  }

  Awaitable<void> deliver(LayerReport report) override {
    const Digest layer = report.layer;
    const SystemTime now = claims_.clock_.now();
    auto put = [report = std::move(report), now](storage::Store& store) { return store.put_layer_report(report, now); };
    auto operation = claims_.store_.run(std::move(put));
    auto stored = co_await std::move(operation);
    if (!stored) co_return stored.error();
    claims_.fresh_.insert(layer);
    release({layer});
    co_return Result<void>();
  }

  void release(const std::vector<Digest>& layers) override {
    for (const Digest& layer : layers) claims_.busy_.erase(layer);
    claims_.changed_.notify();
  }

 private:
  LocalClaims& claims_;
};

std::shared_ptr<LayerBook> LocalClaims::open_book(LocalClaims& claims) { return std::make_shared<LocalBook>(claims); }

}  // namespace landwaiter::daemon
