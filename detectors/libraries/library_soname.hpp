// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/libraries/library_strings.hpp"

namespace landwaiter::detectors {

/// Shared libraries without a text that has name and version, by their soname: nettle, hogweed, libsodium, Crypto++, liboqs.
inline constexpr std::string_view kSonamePattern =
    R"((?:libnettle|libhogweed|libsodium|libcrypto\+\+|libcryptopp|liboqs)\.so\.[0-9]{1,3}\x00)";
inline constexpr std::size_t kSonameLength = 20;

/// The hit is the soname of the file itself (System V ABI, DT_SONAME) and not that of a needed library. Requests the bytes between the
/// name and the dynamic section, where linkers put the read-only data with the version.
std::optional<FoundLibrary> read_soname(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
