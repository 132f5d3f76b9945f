// SPDX-License-Identifier: Apache-2.0
#include "detectors/engine/trigger_cache.hpp"

#pragma once

#include <filesystem>

namespace landwaiter::daemon {

/// Compiled triggers in a file in the state folder, only the latest set. Without a folder nothing is stored. Read and write errors are
/// ignored.
class FileTriggerCache final : public detectors::TriggerCache {
 public:
  explicit FileTriggerCache(const std::filesystem::path& state_directory);
  std::optional<Bytes> load(const std::string& name) override;
  void keep(const std::string& name, ByteView bytes) override;

 private:
  std::filesystem::path file_;
};

}  // namespace landwaiter::daemon
