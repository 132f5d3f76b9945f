// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/trigger_cache.hpp"

#pragma once

#include <filesystem>

namespace landwaiter::daemon {

/// Compiled triggers in a file of the state folder, the last set only. Without a folder nothing is kept. What cannot be read or
/// written is done without.
class FileTriggerCache final : public detectors::TriggerCache {
 public:
  explicit FileTriggerCache(const std::filesystem::path& state_directory);
  std::optional<Bytes> load(const std::string& name) override;
  void keep(const std::string& name, ByteView bytes) override;

 private:
  std::filesystem::path file_;
};

}  // namespace landwaiter::daemon
