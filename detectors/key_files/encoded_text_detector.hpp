// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Reports nothing itself: finds text that encodes what other detectors know, and hands them what it says. Base64 (RFC 4648, both
/// alphabets, in one piece or in lines) of PEM, of DER without armour, of Java keystores; hexadecimal of PEM and DER; PEM in UTF-16. What
/// stands in a PEM block is left to those who read PEM.
class EncodedTextDetector final : public Detector {
 public:
  std::string_view name() const override { return "encoded-text"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
