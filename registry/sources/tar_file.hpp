// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "registry/client/image_source.hpp"

#include <map>
#include <memory>
#include <string>

struct archive;

namespace landwaiter::registry {

/// A tar on disk, read in place by libarchive (also compressed): opened again and searched for each requested member. Nothing is
/// extracted. Reading blocks. Names are compared without a leading "./".
class TarFile {
 public:
  /// Lists the members once. Errors: not_found, io, malformed, limit_exceeded.
  static Result<TarFile> open(std::string path);

  const std::string& path() const { return path_; }
  bool contains(const std::string& name) const { return members_.contains(name); }
  /// Size of a member, links followed within the archive. Errors: not_found, malformed (a dangling or cyclic link).
  Result<std::uint64_t> size(const std::string& name) const;
  /// The whole member. Errors: also limit_exceeded.
  Result<std::string> read(const std::string& name, std::uint64_t bytes_max) const;
  Result<std::unique_ptr<BlobReader>> open_member(const std::string& name) const;

 private:
  struct Member {
    std::size_t index = 0;  ///< position in the archive: the last member of a name wins
    std::uint64_t size_bytes = 0;
    std::string target;  ///< of a link, as a member name
  };
  Result<const Member*> find(const std::string& name) const;

  std::string path_;
  std::map<std::string, Member> members_;
};

}  // namespace landwaiter::registry
