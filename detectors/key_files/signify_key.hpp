// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Keys of signify(1) and minisign, always Ed25519: a comment line and one line of base64. The hit ends with "untrusted comment: ".
/// Signatures, which look similar, are not reported.
void inspect_signify_key(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
