// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Cryptographic libraries, and runtimes that bring one: by the texts, names and symbols in programs and shared objects (also
/// where one is linked into another), by classes and manifests of Java, the metadata of Python, npm, Go, .NET, Windows and
/// Apple, and by the package databases of dpkg, apk and rpm. What a finding says is that the library is there, and what
/// that was read from: not that any of its algorithms is used. Texts that merely speak of a library are silent.
class CryptoLibraryDetector final : public Detector {
 public:
  std::string_view name() const override { return "crypto-library"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
