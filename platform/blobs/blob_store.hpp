// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/clock.hpp"
#include "core/base/limits.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace landwaiter::platform {

/// A blob is a report as a sensor sent it, compressed.
inline constexpr std::uint64_t kBlobBytesMax = limits::api_body_bytes_max;

/// "ab/cd/abcd....zst", by the SHA-256 of the bytes.
std::string blob_name(ByteView bytes);
bool is_blob_name(std::string_view name);

struct BlobFacts {
  std::string name;
  SystemTime written_at;
};

/// A place for bytes outside of the database, by names that are made of them. Calls block; thread-safe. Errors name the place: io, or what
/// a server's answer means (unauthorized, forbidden, unavailable, timeout, tls ...).
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  BlobStore(const BlobStore&) = delete;
  BlobStore& operator=(const BlobStore&) = delete;

  /// For people, without credentials: "/var/lib/reports", "s3://bucket/prefix".
  virtual const std::string& place() const = 0;
  /// Keeps the bytes before it returns, also over a power cut, and tells their name. Putting them again makes them new again.
  Result<std::string> put(ByteView bytes);
  /// Errors: not_found; digest_mismatch if it has other bytes than its name says; invalid_argument for what is no name.
  Result<Bytes> get(const std::string& name);
  /// One that is gone already is removed.
  Result<void> remove(const std::string& name);
  /// All whose name begins with these two hexadecimal digits, in any order: a 256th of them.
  Result<std::vector<BlobFacts>> list(std::string_view two_digits);

 protected:
  BlobStore() = default;

 private:
  virtual Result<void> write(const std::string& name, ByteView bytes) = 0;
  virtual Result<Bytes> read(const std::string& name) = 0;
  virtual Result<void> erase(const std::string& name) = 0;
  virtual Result<std::vector<BlobFacts>> names(const std::string& two_digits) = 0;
};

}  // namespace landwaiter::platform
