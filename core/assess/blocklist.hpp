// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace landwaiter {

/// A list of known compromised keys, in the format of the badkeys project: sorted records of 16 bytes. The first 15 are the start of a
/// SHA-256 over the key's own number (attribute `key_hash`), the last says which collection the key comes from. A view of a file that the
/// caller keeps in memory (daemon/settings/blocklist_file.hpp). Immutable and thread-safe.
class Blocklist {
 public:
  /// `owner` keeps the records alive. Error: malformed if `name` is not such a list (wrong size, or not sorted where checked).
  static Result<std::shared_ptr<const Blocklist>> over(ByteView records, std::shared_ptr<const void> owner, const std::string& name);

  /// The number of the collection that has the key; nothing if none has it, or if the hash is not 30 hexadecimal digits.
  std::optional<unsigned> find(std::string_view key_hash) const;
  std::size_t size() const { return records_.size() / kRecordBytes; }

 private:
  static constexpr std::size_t kRecordBytes = 16;
  static constexpr std::size_t kHashBytes = 15;
  Blocklist(ByteView records, std::shared_ptr<const void> owner) : records_(records), owner_(std::move(owner)) {}
  ByteView hash_at(std::size_t index) const { return records_.subspan(index * kRecordBytes, kHashBytes); }

  ByteView records_;
  std::shared_ptr<const void> owner_;
};

}  // namespace landwaiter
