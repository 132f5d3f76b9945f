// SPDX-License-Identifier: Apache-2.0
#include "daemon/settings/blocklist_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace landwaiter::daemon {
namespace {

/// The whole file, mapped; empty for an empty one.
Result<ByteView> map_file(const std::filesystem::path& file) {
  const auto fail = [&](const char* what) { return Error(ErrorCode::io, file.string() + ": " + what); };
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail("cannot be opened");
  struct stat facts {};
  const bool regular = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
  const auto size = static_cast<std::size_t>(regular ? facts.st_size : 0);
  void* at = size > 0 ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
  ::close(descriptor);
  if (!regular) return fail("is not a file");
  if (at == MAP_FAILED) return fail("cannot be mapped");
  return ByteView(static_cast<const std::uint8_t*>(at), size);
}

}  // namespace

Result<std::shared_ptr<const Blocklist>> open_blocklist(const std::filesystem::path& file) {
  const auto records = map_file(file);
  if (!records) return records.error();
  auto unmap = [size = records->size()](const void* at) {
    if (at != nullptr) ::munmap(const_cast<void*>(at), size);
  };
  const std::shared_ptr<const void> owner(static_cast<const void*>(records->data()), unmap);
  return Blocklist::over(*records, owner, file.string());
}

}  // namespace landwaiter::daemon
