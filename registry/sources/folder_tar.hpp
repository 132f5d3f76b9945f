// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/file_tree.hpp"
#include "core/report/finding.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace landwaiter::registry {

/// What was read of a tree, so that another reading sees what changed, and what is left out because it changes.
struct TreeRecord {
  /// Of a file: hashes of its name and of its version. Sorted.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> files;
  std::set<std::string> left_out;

  bool has(const std::string& name, std::uint64_t version) const;
};

/// A tree of files as the tar (GNU) that would have it as a layer, made while it is read. It has what the tree holds and nothing of the
/// machine: no times, no owners. Of an unchanged tree it is always the same. A file that cannot be read is an empty one in it.
class FolderTar {
 public:
  /// Without the files that `left_out` names. Error (the reason alone): not_found, io.
  static Result<FolderTar> open(const std::string& path, std::set<std::string> left_out);
  /// From here on, files that are not as in the record are noted as changed. It must live as long as the tar is read.
  void compare_with(const TreeRecord& record) { compared_ = &record; }
  const std::set<std::string>& changed() const { return changed_; }
  /// At the end, once.
  TreeRecord take_record();
  /// The next part; 0 at the end.
  std::size_t read(std::span<std::uint8_t> buffer);
  /// What could not be read of what was given so far; of many, the first and their number.
  std::vector<Diagnostic> problems() const;

 private:
  explicit FolderTar(FileTree tree) : tree_(std::move(tree)) {}
  bool begin_next();
  void note(const TreeEntry& entry);
  std::size_t read_file(std::span<std::uint8_t> buffer);
  void tell(const std::string& path, const std::string& what);

  FileTree tree_;
  std::string waiting_;  ///< headers, from `given_` on
  std::size_t given_ = 0;
  std::string name_;
  std::optional<OpenFile> file_;
  std::uint64_t file_left_ = 0;
  std::uint64_t zeros_left_ = 0;
  bool ended_ = false;
  TreeRecord record_;
  const TreeRecord* compared_ = nullptr;
  std::set<std::string> changed_;
  std::vector<Diagnostic> problems_;
  std::uint64_t untold_ = 0;
};

}  // namespace landwaiter::registry
