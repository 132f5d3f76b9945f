// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/layer_book.hpp"

namespace landwaiter::daemon {

LocalClaims::LocalClaims(asio::any_io_executor executor, StoreThread& store, EngineState engine, const Clock& clock, bool incremental)
    : store_(store), engine_(std::move(engine)), clock_(clock), incremental_(incremental), changed_(executor) {}

Awaitable<LayerParts> LocalClaims::missing(Digest layer) {
  if (fresh_.contains(layer)) co_return LayerParts();
  if (!incremental_) co_return all_parts(engine_);
  auto look_up = [layer, engine = engine_](storage::Store& store) { return store.missing_parts(layer, engine); };
  co_return co_await store_.run(std::move(look_up));
}

class LocalBook final : public LayerBook {
 public:
  explicit LocalBook(LocalClaims& claims) : claims_(claims) {}

  Awaitable<protocol::LayerClaimAnswer> claim(std::vector<Digest> layers) override {
    while (true) {
      protocol::LayerClaimAnswer answer;
      for (const Digest& layer : layers) {
        auto missing = co_await claims_.missing(layer);
        if (!missing) co_return missing.error();
        // No suspension between reading busy_ and writing to it.
        if (missing->none()) answer.known.push_back(layer);
        else if (claims_.busy_.insert(layer).second) answer.claimed.push_back({layer, *std::move(missing)});
        else answer.busy.push_back(layer);
      }
      if (!answer.known.empty() || !answer.claimed.empty() || answer.busy.empty()) co_return answer;
      co_await claims_.changed_.wait();
    }
  }

  Awaitable<void> deliver(ScannedLayer scanned) override {
    const Digest layer = scanned.facts.layer;
    const SystemTime now = claims_.clock_.now();
    auto put = [scanned = std::move(scanned), now](storage::Store& store) { return store.put_layer(scanned, now); };
    auto stored = co_await claims_.store_.run(std::move(put));
    if (!stored) co_return stored.error();
    if (!claims_.incremental_) claims_.fresh_.insert(layer);
    release({layer});
    co_return Result<void>();
  }

  // What is in the store is known to claim() already.
  Awaitable<void> deliver_stored(Digest, LayerParts) override { co_return Result<void>(); }

  void release(const std::vector<Digest>& layers) override {
    for (const Digest& layer : layers) claims_.busy_.erase(layer);
    claims_.changed_.notify();
  }

 private:
  LocalClaims& claims_;
};

std::shared_ptr<LayerBook> LocalClaims::open_book(LocalClaims& claims) { return std::make_shared<LocalBook>(claims); }

}  // namespace landwaiter::daemon
