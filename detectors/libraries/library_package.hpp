// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/libraries/library_strings.hpp"

namespace landwaiter::detectors {

/// Installed packages of cryptographic libraries, as the system's package database lists them. dpkg: a stanza of var/lib/dpkg/status or
/// status.d/* (deb-control(5)); apk: an entry of lib/apk/db/installed; rpm: the beginning of a header's store (name, version, release in
/// this order), in any kind of database.
std::string dpkg_pattern();
std::string apk_pattern();
std::string rpm_pattern();
inline constexpr std::size_t kPackagePatternLength = 40;

std::optional<FoundLibrary> read_dpkg(const Window& window, const Hit& hit);
std::optional<FoundLibrary> read_apk(const Window& window, const Hit& hit);
std::optional<FoundLibrary> read_rpm(const Window& window, const Hit& hit);

/// The library in a package of this name, in any distribution: "libssl1.1", "libgcrypt20", "nss-softokn-freebl". Nothing for headers,
/// documentation and others.
struct PackagedLibrary {
  std::string_view library;
  std::string_view language;
};
std::optional<PackagedLibrary> library_of_package(std::string_view package);

}  // namespace landwaiter::detectors
