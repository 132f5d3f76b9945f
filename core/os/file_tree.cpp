// SPDX-License-Identifier: Apache-2.0
#include "core/os/file_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <functional>
#include <memory>

namespace landwaiter {
namespace {

/// Each level holds a descriptor, of which a process commonly has 1,024.
constexpr std::size_t kDepthMax = 256;
/// So many names, sorted, are some hundred megabytes.
constexpr std::size_t kNamesMax = 2'000'000;
constexpr mode_t kPermissions = 07777;

struct Close {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

/// The names in a folder, last first; errno in `reason` if they cannot all be had.
std::vector<std::string> names_in(int descriptor, std::string& reason) {
  std::vector<std::string> names;
  const int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, Close> folder(own < 0 ? nullptr : ::fdopendir(own));
  if (!folder) reason = std::strerror(errno);
  if (!folder && own >= 0) ::close(own);
  while (folder) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr && errno != 0) reason = std::strerror(errno);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == kNamesMax) {
      reason = "it holds more than " + std::to_string(kNamesMax) + " names";
      break;
    }
    names.emplace_back(name);
  }
  std::ranges::sort(names, std::greater<>());
  return names;
}

std::string link_text(int folder, const std::string& name) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(folder, name.c_str(), target.data(), target.size());
  target.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return target;
}

std::uint64_t version_of(const struct stat& facts) {
  std::uint64_t out = 0;
  for (const auto part : {static_cast<std::uint64_t>(facts.st_ino), static_cast<std::uint64_t>(facts.st_size),
                          static_cast<std::uint64_t>(facts.st_mtim.tv_sec), static_cast<std::uint64_t>(facts.st_mtim.tv_nsec),
                          static_cast<std::uint64_t>(facts.st_ctim.tv_sec), static_cast<std::uint64_t>(facts.st_ctim.tv_nsec)})
    out = (out ^ part) * 0x9e3779b97f4a7c15U + (out >> 29U);
  return out;
}

/// Non-blocking, so that a FIFO that has taken the file's place cannot hang us.
FileDescriptor open_below(int folder, const std::string& name, int how) {
  return FileDescriptor(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | how));
}

}  // namespace

Result<FileTree> FileTree::open(const std::string& path) {
  FileDescriptor root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat facts {};
  if (!root.valid() || ::fstat(root.number(), &facts) != 0)
    return Error(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, std::strerror(errno));
  FileTree tree;
  tree.device_ = facts.st_dev;
  TreeEntry entry;
  tree.enter(std::move(root), entry);
  if (!entry.problem.empty()) return Error(ErrorCode::io, entry.problem);
  return tree;
}

void FileTree::enter(FileDescriptor folder, TreeEntry& entry) {
  Folder inside;
  inside.names = names_in(folder.number(), entry.problem);
  inside.name = entry.name.empty() ? "" : entry.name + '/';
  inside.descriptor = std::move(folder);
  open_.push_back(std::move(inside));
}

std::optional<TreeEntry> FileTree::next() {
  while (!open_.empty()) {
    if (open_.back().names.empty()) {
      open_.pop_back();
      continue;
    }
    const std::string name = std::move(open_.back().names.back());
    open_.back().names.pop_back();
    TreeEntry entry;
    entry.name = open_.back().name + name;
    if (describe(open_.back().descriptor.number(), name, entry)) return entry;
  }
  return std::nullopt;
}

/// False for what is passed over.
bool FileTree::describe(int above, const std::string& name, TreeEntry& entry) {
  struct stat facts {};
  // What has gone since its folder was read was not there.
  if (::fstatat(above, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
    entry.problem = std::strerror(errno);
    return errno != ENOENT;
  }
  entry.mode = facts.st_mode & kPermissions;
  if (facts.st_dev != device_) return false;
  if (S_ISLNK(facts.st_mode)) {
    entry.kind = TreeEntry::Kind::symbolic_link;
    entry.target = link_text(above, name);
    return true;
  }
  if (S_ISDIR(facts.st_mode)) {
    entry.kind = TreeEntry::Kind::folder;
    FileDescriptor inside = open_below(above, name, O_DIRECTORY);
    if (!inside.valid()) entry.problem = std::strerror(errno);
    else if (open_.size() >= kDepthMax) entry.problem = "folders are nested deeper than " + std::to_string(kDepthMax);
    else enter(std::move(inside), entry);
    return true;
  }
  if (!S_ISREG(facts.st_mode)) return false;
  if (facts.st_nlink > 1) {
    const auto [known, is_new] = linked_.try_emplace(FileId(facts.st_dev, facts.st_ino), entry.name);
    if (!is_new) {
      entry.kind = TreeEntry::Kind::hard_link;
      entry.target = known->second;
      return true;
    }
  }
  FileDescriptor file = open_below(above, name, 0);
  if (!file.valid() || ::fstat(file.number(), &facts) != 0) {
    entry.problem = std::strerror(errno);
    return true;
  }
  if (!S_ISREG(facts.st_mode)) return false;
  entry.size_bytes = static_cast<std::uint64_t>(facts.st_size);
  entry.version = version_of(facts);
  entry.file.emplace(std::move(file));
  return true;
}

}  // namespace landwaiter
