// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/blocklist_file.hpp"

#include "core/os/files.hpp"

namespace landwaiter::daemon {

Result<std::shared_ptr<const Blocklist>> open_blocklist(const std::filesystem::path& file) {
  auto records = MappedFile::open(file);
  if (!records) return records.error();
  const ByteView bytes = (*records)->bytes();
  return Blocklist::over(bytes, *std::move(records), file.string());
}

}  // namespace landwaiter::daemon
