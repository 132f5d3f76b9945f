// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// What files tell programs to use: protocols, ciphers, algorithms and providers of OpenSSL, Java, OpenSSH, nginx, Apache,
/// HAProxy, Tomcat, Postfix, Dovecot, databases and others. One finding for each file and program, of all its directives;
/// what the program does without them is not guessed. Passwords that stand beside are noted, never kept. A file is read as a
/// whole up to limits::window_bytes; of a longer one, or of text among other bytes, the piece around the directive.
class CryptoConfigurationDetector final : public Detector {
 public:
  std::string_view name() const override { return "crypto-configuration"; }
  int version() const override { return 1; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
