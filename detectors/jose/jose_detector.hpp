// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// JSON Web Keys, private, public and symmetric, each key of a set separately, in plain JSON or inside a JSON string; and tokens of the
/// same family (JWT, JWS, JWE) in compact form or as JSON. No part of a secret or token is reported.
class JoseDetector final : public Detector {
 public:
  std::string_view name() const override { return "jose"; }
  int version() const override { return 4; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;

 private:
  void inspect_key(const Window& window, const Hit& hit, FindingSink& sink) const;
  void inspect_token(const Window& window, const Hit& hit, FindingSink& sink) const;
  void inspect_token_in_json(const Window& window, const Hit& hit, FindingSink& sink) const;
};

}  // namespace landwaiter::detectors
