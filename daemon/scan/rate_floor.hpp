// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "daemon/settings/network.hpp"
#include "registry/client/image_source.hpp"

#include <memory>

namespace landwaiter::daemon {

/// The same bytes; timeout once the reader was waited for longer than `floor` allows for what came. Only time within read() counts, not
/// what the bytes' user needs between. `clock` must outlive it.
std::unique_ptr<registry::BlobReader> with_rate_floor(std::unique_ptr<registry::BlobReader> reader, Digest layer, const Clock& clock,
                                                      RateFloor floor);

}  // namespace landwaiter::daemon
