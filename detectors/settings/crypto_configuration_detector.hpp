// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"

namespace landwaiter::detectors {

/// What configuration files select: protocols, ciphers, algorithms and providers of OpenSSL, Java, OpenSSH, nginx, Apache, HAProxy,
/// Tomcat, Postfix, Dovecot, databases and others. One finding per file and program, with all its directives, at those that allow what is
/// weak, or else at the first; a program's defaults are not guessed. The presence of passwords is recorded, never their value. A file is
/// read completely up to limits::window_bytes; from a longer one, or from text inside other bytes, the part around the directive.
class CryptoConfigurationDetector final : public Detector {
 public:
  std::string_view name() const override { return "crypto-configuration"; }
  int version() const override { return 2; }
  std::vector<Trigger> triggers() const override;
  void inspect(const Window& window, const Hit& hit, FindingSink& sink) const override;
};

}  // namespace landwaiter::detectors
