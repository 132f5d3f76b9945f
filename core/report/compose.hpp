// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"

#include <span>

namespace landwaiter {

/// Lays the layers over each other. `reports` are pointers to the reports of facts.layers, one each and in that
/// order (the same report may come twice). An occurrence that a later layer deletes or overwrites gets `deleted_by`, the lowest layer that
/// does so. Private keys and certificates with the same public key get each other's ids in the attributes
/// `matching_certificates` and `matching_private_keys`. Pure; never fails.
ImageReport compose(ImageFacts facts, const Digest& detector_state, std::span<const LayerReport* const> reports);

}  // namespace landwaiter
