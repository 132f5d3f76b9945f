// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace landwaiter::registry {

/// The answer of a program on this machine.
class LocalAnswer {
 public:
  virtual ~LocalAnswer() = default;
  virtual int status() const = 0;
  /// The next part of the body, 0 at its end. Blocks. Errors (the reason alone): unavailable, malformed, timeout.
  virtual Result<std::size_t> read(std::span<std::uint8_t> buffer) = 0;
};

/// How long is waited. Docker writes an image to its own disk before it sends the first byte.
struct LocalPatience {
  std::chrono::milliseconds first_answer = std::chrono::minutes(10);
  std::chrono::milliseconds silence = std::chrono::minutes(2);
};

/// Asks by GET the program that listens at the unix socket `socket`, and blocks until it answers. `target` is a path as it is sent. Errors
/// (the reason alone): not_found (no such socket), forbidden (no right to it), unavailable, malformed, limit_exceeded, timeout.
Result<std::unique_ptr<LocalAnswer>> get_from_local(const std::string& socket, const std::string& target,
                                                    const LocalPatience& patience = {});

/// The whole body, at most `bytes_max` of it.
std::string read_text(LocalAnswer& answer, std::size_t bytes_max);

}  // namespace landwaiter::registry
