// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Cryptographic libraries, and runtimes that include one: by the texts, names and symbols in programs and shared objects (also if one is
/// linked into another), by classes and manifests of Java, the metadata of Python, npm, Go, .NET, Windows and Apple, and by the package
/// databases of dpkg, apk and rpm. A finding says that the library is present and on what evidence, not that its algorithms are used.
/// Texts that merely mention a library are ignored.
class CryptoLibraryDetector final : public Detector {
 public:
  std::string_view name() const override { return "crypto-library"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
