// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/libraries/library_strings.hpp"

namespace landwaiter::detectors {

/// Metadata files in text that installers and build tools write about a library, each read from its start.

/// Python: METADATA of a .dist-info, PKG-INFO of an .egg-info (PEP 566).
inline constexpr std::string_view kPythonPattern = "Metadata-Version: [12]\\.[0-9]";
std::optional<FoundLibrary> read_python_metadata(const Window& window, const Hit& hit);

/// npm: package.json with a name of the table and a version.
std::string npm_pattern();
inline constexpr std::size_t kNpmLength = 40;
std::optional<FoundLibrary> read_package_json(const Window& window, const Hit& hit);

/// Java: META-INF/MANIFEST.MF of Bouncy Castle, pom.properties (Maven), conscrypt.properties, a JDK's `release` file, the text in Bouncy
/// Castle's provider class, Tink's class with a name that survives relocation.
inline constexpr std::string_view kManifestPattern = "(?:Extension-Name: org\\.bouncycastle\\.bc|Bundle-SymbolicName: bc[a-z])";
inline constexpr std::string_view kPomPattern =
    "groupId=(?:org\\.bouncycastle|org\\.conscrypt|com\\.google\\.crypto\\.tink|software\\.amazon\\.cryptools|com\\.nimbusds|io\\."
    "jsonwebtoken|org\\.jasypt)";
inline constexpr std::string_view kConscryptPattern = "org\\.conscrypt\\.version\\.major=";
inline constexpr std::string_view kJavaReleasePattern = "JAVA_VERSION=\"[0-9]";
inline constexpr std::string_view kBouncyPattern =
    "(?:BouncyCastle Security Provider |Bouncy Castle JSSE Provider Version |BouncyCastle Post-Quantum Security Provider )";
inline constexpr std::string_view kTinkPattern = "google/crypto/tink/Registry";
inline constexpr std::size_t kJavaLength = 48;
std::optional<FoundLibrary> read_manifest(const Window& window, const Hit& hit);
std::optional<FoundLibrary> read_pom_properties(const Window& window, const Hit& hit);
std::optional<FoundLibrary> read_conscrypt_properties(const Window& window, const Hit& hit);
std::optional<FoundLibrary> read_java_release(const Window& window, const Hit& hit);
std::optional<FoundLibrary> read_bouncy_class(const Window& window, const Hit& hit);
std::optional<FoundLibrary> read_tink_class(const Window& window, const Hit& hit);

}  // namespace landwaiter::detectors
