// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"

#include <memory>
#include <string>
#include <variant>

namespace landwaiter::platform {

/// A body that is made while it is sent, so that its size costs no memory. Lives on the io thread.
class BodyStream {
 public:
  /// It is destroyed as soon as it is sent or the caller has gone.
  virtual ~BodyStream() = default;
  /// The next piece, at most some limits::body_piece_bytes; empty at the end. It is asked for when the one before is on its way. After an
  /// error the connection ends without the end of the body, so that the caller sees that it is not whole.
  virtual Awaitable<std::string> next() = 0;
  /// One that has no end of its own, such as events as they come: it may last longer than limits::api_body_timeout.
  virtual bool endless() const { return false; }
};

/// Bytes that many answers share, such as a file of the web page.
using SharedBytes = std::shared_ptr<const std::string>;

/// What a response carries. A stream is sent in chunks, the others with their length.
using Body = std::variant<std::string, SharedBytes, std::unique_ptr<BodyStream>>;

}  // namespace landwaiter::platform
