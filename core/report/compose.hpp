// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/report.hpp"

#include <map>

namespace landwaiter {

/// Lays the layers over each other: `layers` has what is known of each of facts.layers, by digest (one that is not there counts as empty).
/// An occurrence that a later layer deletes or overwrites gets `deleted_by`, the lowest layer that does so. Private keys and certificates
/// with the same public key get each other's ids in the attributes `matching_certificates` and `matching_private_keys`. Packages that
/// a later layer hides are not the image's, nor is its distribution. What was found in the image's own documents (facts.findings) is
/// added: no layer hides it. Pure; never fails.
ImageReport compose(ImageFacts facts, AnalysisStates states, std::map<Digest, ScannedLayer> layers);

}  // namespace landwaiter
