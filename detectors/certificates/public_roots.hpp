// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace landwaiter::detectors {

/// Whether a public root program includes, or recently included, the root certificate with this SHA-256 (lower-case hexadecimal, of the
/// whole DER). Uses the list written by scripts/update-public-roots; newer roots are unknown.
bool is_public_root(std::string_view sha256);

}  // namespace landwaiter::detectors
