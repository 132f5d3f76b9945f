// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/files.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace landwaiter {

/// Something in a tree of files. Names are relative to the tree's root, as the system has them.
struct TreeEntry {
  enum class Kind { folder, file, symbolic_link, hard_link };
  Kind kind = Kind::file;
  std::string name;
  std::uint32_t mode = 0;        ///< permission bits
  std::uint64_t size_bytes = 0;  ///< of a file
  std::uint64_t version = 0;     ///< of a file: another one if it has been written to, or replaced, in the meantime
  std::string target;            ///< of a symbolic link, as it is written; of a hard link, the name under which its file came first
  std::optional<OpenFile> file;  ///< of a file; nothing if it cannot be read
  std::string problem;           ///< why a file, or what is in a folder, cannot be read; empty if it can
};

/// Walks a folder and what is below it, in an order that depends on names alone. Symbolic links are told and not followed, other file
/// systems, devices, sockets and pipes are passed over, and nothing in the tree leads outside it or makes us wait.
class FileTree {
 public:
  /// Error (the reason alone): not_found, io.
  static Result<FileTree> open(const std::string& path);
  /// Nothing at the end.
  std::optional<TreeEntry> next();

 private:
  struct Folder {
    FileDescriptor descriptor;
    std::string name;                ///< with a slash at its end; empty for the root
    std::vector<std::string> names;  ///< last first
  };
  using FileId = std::pair<std::uint64_t, std::uint64_t>;

  FileTree() = default;
  void enter(FileDescriptor folder, TreeEntry& entry);
  bool describe(int above, const std::string& name, TreeEntry& entry);

  std::vector<Folder> open_;
  std::uint64_t device_ = 0;
  std::map<FileId, std::string> linked_;  ///< files with several names, by their first
};

}  // namespace landwaiter
