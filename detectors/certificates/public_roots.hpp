// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace landwaiter::detectors {

/// Does a public programme carry the root certificate with this SHA-256 (lower-case hexadecimal, of the whole DER), or did it in the
/// last years? By the list that scripts/update-public-roots wrote; roots that came later are not known.
bool is_public_root(std::string_view sha256);

}  // namespace landwaiter::detectors
