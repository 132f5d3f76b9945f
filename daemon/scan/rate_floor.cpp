// SPDX-License-Identifier: Apache-2.0
#include "daemon/scan/rate_floor.hpp"

#include "core/base/text.hpp"

namespace landwaiter::daemon {
namespace {

class RatedReader final : public registry::BlobReader {
 public:
  RatedReader(std::unique_ptr<registry::BlobReader> reader, Digest layer, const Clock& clock, RateFloor floor)
      : reader_(std::move(reader)), layer_(std::move(layer)), clock_(clock), floor_(floor) {}

  Awaitable<std::size_t> read(std::span<std::uint8_t> buffer) override {
    const SteadyTime begin = clock_.steady_now();
    auto got = co_await reader_->read(buffer);
    waited_ += clock_.steady_now() - begin;
    if (!got || *got == 0) co_return got;
    received_bytes_ += *got;
    if (too_slow()) co_return refusal();
    co_return got;
  }

 private:
  using Seconds = std::chrono::duration<double>;

  bool too_slow() const {
    if (floor_.bytes_per_s == 0) return false;
    return Seconds(waited_) >
           Seconds(floor_.grace) + Seconds(static_cast<double>(received_bytes_) / static_cast<double>(floor_.bytes_per_s));
  }

  Error refusal() const {
    const auto average = static_cast<std::uint64_t>(static_cast<double>(received_bytes_) / Seconds(waited_).count());
    return {ErrorCode::timeout, "layer " + layer_.str() + " comes too slowly: " + human_bytes(received_bytes_) + " in " +
                                    std::to_string(std::chrono::round<std::chrono::seconds>(waited_).count()) + " s of waiting, " +
                                    human_bytes(average) + "/s on average, and at least " + human_bytes(floor_.bytes_per_s) +
                                    "/s are expected; set min_layer_rate (--min-layer-rate) if the line is that slow"};
  }

  std::unique_ptr<registry::BlobReader> reader_;
  Digest layer_;
  const Clock& clock_;
  RateFloor floor_;
  std::chrono::steady_clock::duration waited_{};
  std::uint64_t received_bytes_ = 0;
};

}  // namespace

std::unique_ptr<registry::BlobReader> with_rate_floor(std::unique_ptr<registry::BlobReader> reader, Digest layer, const Clock& clock,
                                                      RateFloor floor) {
  return std::make_unique<RatedReader>(std::move(reader), std::move(layer), clock, floor);
}

}  // namespace landwaiter::daemon
