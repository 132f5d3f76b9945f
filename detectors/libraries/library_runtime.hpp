// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/libraries/library_strings.hpp"

#include <vector>

namespace landwaiter::detectors {

/// What linkers and compilers of some languages write into every program.

/// Go's build information (package debug/buildinfo), if inline (Go 1.18 and later): the standard library's crypto packages by the
/// toolchain's version, the linked cryptography modules, BoringCrypto and the FIPS module.
inline constexpr std::string_view kGoPattern = R"(\xff Go buildinf:)";
inline constexpr std::size_t kGoLength = 14;
std::vector<FoundLibrary> read_go_buildinfo(const Window& window, const Hit& hit);

/// DLLs that a PE file imports, and frameworks that a Mach-O file loads.
inline constexpr std::string_view kImportPattern =
    "(?:bcrypt|BCRYPT|bcryptprimitives|ncrypt|NCRYPT|crypt32|CRYPT32|Crypt32|secur32|SECUR32|Secur32|schannel)\\.(?:dll|DLL)\\x00";
inline constexpr std::size_t kImportLength = 21;
std::optional<FoundLibrary> read_pe_import(const Window& window, const Hit& hit);
inline constexpr std::string_view kFrameworkPattern =
    "/System/Library/Frameworks/(?:Security|CryptoKit)\\.framework/|/usr/lib/system/libcommonCrypto\\.dylib";
inline constexpr std::size_t kFrameworkLength = 48;
std::optional<FoundLibrary> read_framework(const Window& window, const Hit& hit);

/// A PE file's VERSIONINFO: OriginalFilename and the version, in UTF-16.
inline constexpr std::string_view kVersionInfoPattern =
    R"(O\x00r\x00i\x00g\x00i\x00n\x00a\x00l\x00F\x00i\x00l\x00e\x00n\x00a\x00m\x00e\x00\x00\x00)";
inline constexpr std::size_t kVersionInfoLength = 34;
std::optional<FoundLibrary> read_version_info(const Window& window, const Hit& hit);

/// Cryptography crates, by the source paths in Rust's panics ("/ring-0.17.8/src/"). All in the window from the hit on, each once;
/// `searched_end` is where the search ended.
std::string rust_pattern();
inline constexpr std::size_t kRustLength = 64;
std::vector<FoundLibrary> read_rust_crates(const Window& window, const Hit& hit, std::size_t& searched_end);

}  // namespace landwaiter::detectors
