// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"
#include "detectors/libraries/crypto_library.hpp"

#include <span>

namespace landwaiter::detectors {

struct FoundLibrary {
  CryptoLibrary library;
  std::size_t offset = 0;  ///< index into the window
};

/// One piece of evidence for a library; an empty `version` is not known.
FoundLibrary found_library(std::string_view name, std::string_view version, std::string_view language, LibraryEvidence evidence,
                           std::size_t offset);

/// A text in a library's own code: its name and version, or a name that only it defines.
struct StringRule {
  std::string_view pattern;  ///< the trigger
  std::size_t max_length = 0;
  std::string_view literal;  ///< the text before the version; the match starts with it
  std::string_view library;
  std::string_view language;
  std::string_view after;  ///< what must follow the version; empty: anything
  bool versioned = true;   ///< false: the literal alone is the evidence, a symbol
  std::string_view files;  ///< comma-separated prefixes of the library's own file names
};
std::span<const StringRule> string_rules();

/// The library whose text the hit is, if it is a C string in a program: printable and terminated by a zero byte. Programs built against
/// OpenSSL or LibreSSL also contain their version text ("built with OpenSSL 3.0.2 15 Mar 2022"): those two are accepted only if more of
/// the library's own texts are near. AWS-LC and BoringSSL call themselves compatible OpenSSL.
std::optional<FoundLibrary> read_version_string(const StringRule& rule, const Window& window, const Hit& hit);

/// OpenSSL 3 and later by the name of a source file that only its core has: the version is wherever the linker put it.
inline constexpr std::string_view kOpenSslCorePattern = R"(crypto/provider_core\.c\x00)";
inline constexpr std::size_t kOpenSslCoreLength = 23;
std::optional<FoundLibrary> read_openssl_core(const Window& window, const Hit& hit, FindingSink& sink);

}  // namespace landwaiter::detectors
