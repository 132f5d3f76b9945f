// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// The evidence for a library. `kind`: "version-string", "soname", "symbol", "package", "class", "manifest", "metadata", "buildinfo",
/// "import", "source-path". `value` is the text itself, without the place.
struct LibraryEvidence {
  std::string kind;
  std::string value;
};

/// A library's entry in a package database.
struct LibraryPackage {
  std::string name;
  std::string version;
  std::string purl;  ///< https://github.com/package-url/purl-spec
};

/// A cryptographic library, or a runtime that includes one. Its presence does not mean that its algorithms are used.
struct CryptoLibrary {
  std::string name;                    ///< canonical: "OpenSSL", whatever the name of the file or package
  std::optional<std::string> version;  ///< upstream's, without a distribution's revision
  std::string vendor;                  ///< of a fork or a build; empty if unknown
  std::string language;                ///< "C", "C++", "Java", "Python", "Rust", "Go", "JavaScript", "C#"
  std::vector<LibraryEvidence> evidence;
  std::string confidence = "high";  ///< "high", "medium" or "low"
  std::string linkage = "unknown";  ///< "shared", "static" or "unknown"
  std::optional<LibraryPackage> package;
};

/// The same name and version anywhere have the same id.
Finding describe_library(const CryptoLibrary& library);

/// The day on which upstream stopped, or announced to stop, fixing this release line: "2023-09-11". Empty if unknown. `ended` is set if
/// that day was before this table was written; no clock is read.
struct EndOfLife {
  std::string_view date;
  bool ended = false;
};
EndOfLife end_of_life(std::string_view library, std::string_view version);

}  // namespace landwaiter::detectors
