// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"
#include "detectors/keys/private_key.hpp"

namespace landwaiter::detectors {

/// A private key as a finding without occurrences, described in the same way wherever it is found. `encoding` is "PEM" or "DER".
Finding describe_private_key(const PrivateKey& key, std::string_view encoding, FindingSink& sink);

}  // namespace landwaiter::detectors
