// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/libraries/library_strings.hpp"

namespace landwaiter::detectors {

/// Shared libraries that carry no text with name and version, by the name they give themselves: nettle, hogweed, libsodium,
/// Crypto++, liboqs.
inline constexpr std::string_view kSonamePattern =
    R"((?:libnettle|libhogweed|libsodium|libcrypto\+\+|libcryptopp|liboqs)\.so\.[0-9]{1,3}\x00)";
inline constexpr std::size_t kSonameLength = 20;

/// The hit is the soname of the file itself (System V ABI, DT_SONAME) and not that of a library it needs. Asks for what lies
/// between the name and the dynamic section, where the linkers put the read-only data with the version.
std::optional<FoundLibrary> read_soname(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
