// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string>

namespace landwaiter::detectors {

/// Keeps compiled triggers between runs: compiling them costs more than scanning a small layer.
class TriggerCache {
 public:
  virtual ~TriggerCache() = default;
  /// The stored bytes under this name; nothing if not available.
  virtual std::optional<Bytes> load(const std::string& name) = 0;
  virtual void keep(const std::string& name, ByteView bytes) = 0;
};

}  // namespace landwaiter::detectors
