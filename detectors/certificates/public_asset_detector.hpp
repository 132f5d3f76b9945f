// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// Certificate requests, revocation lists, bare public keys and Diffie-Hellman parameters in PEM: harmless, but part of an inventory, and
/// a public key identifies a private key.
class PublicAssetDetector final : public Detector {
 public:
  std::string_view name() const override { return "public-asset"; }
  int version() const override { return 4; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
