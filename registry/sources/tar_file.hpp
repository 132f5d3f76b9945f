// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/os/seekable_file.hpp"
#include "registry/client/image_source.hpp"

#include <map>
#include <memory>
#include <string>

namespace landwaiter::registry {

/// A member's bytes. Reading blocks.
class MemberReader : public BlobReader {
 public:
  /// As read().
  virtual Result<std::size_t> read_now(std::span<std::uint8_t> buffer) = 0;
};

/// A tar, read in place by libarchive (also compressed): from its begin, for each requested member. Nothing is extracted. Reading blocks.
/// Names are compared without a leading "./".
class TarFile {
 public:
  /// Lists the members once. `name` is for people. Errors: malformed, limit_exceeded.
  static Result<TarFile> open(std::shared_ptr<const SeekableFile> file, std::string name);
  /// Errors: also not_found, io.
  static Result<TarFile> open(std::string path);

  bool contains(const std::string& name) const { return members_.contains(name); }
  /// Size of a member, links followed within the archive. Errors: not_found, malformed (a dangling or cyclic link).
  Result<std::uint64_t> size(const std::string& name) const;
  /// The whole member. Errors: also limit_exceeded.
  Result<std::string> read(const std::string& name, std::uint64_t bytes_max) const;
  Result<std::unique_ptr<MemberReader>> open_member(const std::string& name) const;

 private:
  struct Member {
    std::size_t index = 0;  ///< position in the archive: the last member of a name wins
    std::uint64_t size_bytes = 0;
    std::string target;  ///< of a link, as a member name
  };
  Result<const Member*> find(const std::string& name) const;
  Result<std::unique_ptr<MemberReader>> open_at(std::size_t index) const;

  std::shared_ptr<const SeekableFile> file_;
  std::string name_;
  std::map<std::string, Member> members_;
};

}  // namespace landwaiter::registry
