// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <optional>
#include <string>
#include <vector>

namespace landwaiter::assets {

/// What a library's presence was read from.
struct LibraryEvidence {
  std::string kind;  ///< "version-string", "soname", "package", ...
  std::string value;
};

struct LibraryPackage {
  std::string name;
  std::string version;
};

/// A cryptographic library, or a runtime that brings one.
struct CryptoLibrary {
  std::string name;     ///< "OpenSSL"
  std::string version;  ///< upstream's; empty when not known
  std::string vendor;   ///< of a fork or a build; empty when not known
  std::string language;
  std::string confidence;  ///< "high", "medium", "low"
  std::string linkage;     ///< "shared", "static", "unknown"
  std::vector<LibraryEvidence> evidence;
  std::string end_of_life;  ///< "2023-09-11"; empty when no day is known
  std::optional<LibraryPackage> package;
  std::string purl;  ///< of the package; empty without one
};

void add_attributes(const CryptoLibrary& value, nlohmann::json& attributes);
CryptoLibrary crypto_library_of(const Finding& finding);

}  // namespace landwaiter::assets
