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
  /// What was kept under this name; nothing when that is not to be had.
  virtual std::optional<Bytes> load(const std::string& name) = 0;
  virtual void keep(const std::string& name, ByteView bytes) = 0;
};

}  // namespace landwaiter::detectors
