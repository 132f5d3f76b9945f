// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/scan/layer_book.hpp"
#include "daemon/sensor/outbox.hpp"

#include <memory>
#include <stop_token>

namespace landwaiter::daemon {

/// The claims of one leased image job at the platform, which gives each layer to one sensor of the fleet. While the platform is
/// unreachable, claim() waits for it; reports go through the outbox.
std::shared_ptr<LayerBook> open_platform_book(asio::any_io_executor executor, Uplink& uplink, Outbox& outbox, const protocol::Job& job,
                                              EngineState engine, std::stop_token stop);

}  // namespace landwaiter::daemon
