// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/wire/credentials.hpp"
#include "core/wire/protocol.hpp"

/// What is inside a job's seal. A seal keeps credentials from others, but travels in an answer that somebody on the way may change: so
/// credentials are sealed together with what they are for, and the sensor uses them for nothing else.
namespace landwaiter::protocol {

/// Sealed credentials are used no longer. Jobs start at once; the clocks of sensor and platform may differ by minutes.
inline constexpr std::chrono::seconds kSealedTimeMax{3600};

/// The JSON text to seal: `credentials` (of serialize()) for this job at its registry, until `expires`. malformed if they are no JSON.
Result<Secret> bind_credentials(const Secret& credentials, const Job& job, SystemTime expires);

/// The credentials of an opened seal, for the job that it came with. unauthorized if they are for another job or registry, another
/// address of it or other TLS settings, or have expired; malformed.
Result<Credentials> unbind_credentials(const Secret& opened, const Job& job, SystemTime now);

}  // namespace landwaiter::protocol
