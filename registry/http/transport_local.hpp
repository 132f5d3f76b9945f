// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

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
  /// The next part of the body, 0 at its end. Blocks. Errors (the reason alone): unavailable, malformed.
  virtual Result<std::size_t> read(std::span<std::uint8_t> buffer) = 0;
};

/// Asks by GET the program that listens at the unix socket `socket`, and blocks until it answers. `target` is a path as it is sent. Errors
/// (the reason alone): not_found (no such socket), forbidden (no right to it), unavailable, malformed, limit_exceeded.
Result<std::unique_ptr<LocalAnswer>> get_from_local(const std::string& socket, const std::string& target);

/// The whole body, at most `bytes_max` of it.
std::string read_text(LocalAnswer& answer, std::size_t bytes_max);

}  // namespace landwaiter::registry
