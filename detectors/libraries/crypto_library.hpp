// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::detectors {

/// What a library's presence was read from. `kind`: "version-string", "soname", "symbol", "package", "class", "manifest",
/// "metadata", "buildinfo", "import", "source-path". `value` is the text itself and says nothing of the place.
struct LibraryEvidence {
  std::string kind;
  std::string value;
};

/// A package database's word for a library.
struct LibraryPackage {
  std::string name;
  std::string version;
  std::string purl;  ///< https://github.com/package-url/purl-spec
};

/// A cryptographic library, or a runtime that brings one. That it is there does not say that any of its algorithms is used.
struct CryptoLibrary {
  std::string name;                    ///< canonical: "OpenSSL", whatever the file or package is called
  std::optional<std::string> version;  ///< upstream's, without a distribution's revision
  std::string vendor;                  ///< of a fork or a build; empty when not known
  std::string language;                ///< "C", "C++", "Java", "Python", "Rust", "Go", "JavaScript", "C#"
  std::vector<LibraryEvidence> evidence;
  std::string confidence = "high";  ///< "high", "medium" or "low"
  std::string linkage = "unknown";  ///< "shared", "static" or "unknown"
  std::optional<LibraryPackage> package;
};

/// The same name and version anywhere have the same id.
Finding describe_library(const CryptoLibrary& library);

/// The day on which upstream stopped, or said that it will stop, to mend this release line: "2023-09-11". Empty when no
/// day is known. `ended` is set when that day was before this table was written: the word of the table, not of a clock.
struct EndOfLife {
  std::string_view date;
  bool ended = false;
};
EndOfLife end_of_life(std::string_view library, std::string_view version);

}  // namespace landwaiter::detectors
