// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Reports nothing itself: finds encoded text that other detectors know, and passes them the decoded bytes. Base64 (RFC 4648, both
/// alphabets, in one piece or in lines) of PEM, of DER without armor, of Java keystores, of what was compressed; hexadecimal of PEM, DER,
/// gzip and zlib; PEM in UTF-16, and in URLs and forms. PEM blocks are left to the PEM readers.
class EncodedTextDetector final : public Detector {
 public:
  std::string_view name() const override { return "encoded-text"; }
  int version() const override { return 5; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
