// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <compare>
#include <memory>
#include <string>

namespace landwaiter {

/// A content digest, `sha256:<64 hex>` or `sha512:<128 hex>` (OCI image-spec, descriptor.md, "Digests"). Value type; a
/// default-constructed one is empty and not equal to any parsed one.
class Digest {
 public:
  enum class Algorithm { sha256, sha512 };

  Digest() = default;
  /// Strict: known algorithm, lower-case hexadecimal of the right length. The text comes from outside.
  static Result<Digest> parse(std::string_view text);
  static Digest sha256_of(ByteView bytes);
  static Digest from_raw(Algorithm algorithm, ByteView hash);

  bool empty() const { return text_.empty(); }
  Algorithm algorithm() const { return text_.starts_with("sha512:") ? Algorithm::sha512 : Algorithm::sha256; }
  /// The whole text, "sha256:...".
  const std::string& str() const { return text_; }
  std::string_view hex() const;

  auto operator<=>(const Digest&) const = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Incremental hash over OpenSSL's EVP. Not thread-safe.
class Hasher {
 public:
  explicit Hasher(Digest::Algorithm algorithm);
  void update(ByteView bytes);
  /// The digest of all bytes given; the hasher must not be used afterwards.
  Digest finish();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  Digest::Algorithm algorithm_;
  std::unique_ptr<void, Free> context_;
};

/// Passes a source through and verifies it: fails with digest_mismatch as soon as more than `size` bytes arrive, and at the end unless
/// exactly `size` bytes with digest `expected` have arrived.
class VerifyingSource final : public ByteSource {
 public:
  VerifyingSource(ByteSource& source, Digest expected, std::uint64_t size_bytes);
  Result<ByteView> next() override;

  /// Reads and checks the rest, so the digest is verified even if a consumer stopped early.
  Result<void> drain();
  bool proven() const { return proven_; }
  std::uint64_t bytes_read() const { return read_bytes_; }

 private:
  Result<ByteView> end();

  ByteSource& source_;
  Digest expected_;
  std::uint64_t size_bytes_;
  std::uint64_t read_bytes_ = 0;
  Hasher hasher_;
  bool proven_ = false;
  std::optional<Error> failed_;
};

/// HMAC-SHA-256, raw 32 bytes.
Bytes hmac_sha256(ByteView key, ByteView message);

}  // namespace landwaiter

template <>
struct std::hash<landwaiter::Digest> {
  std::size_t operator()(const landwaiter::Digest& digest) const noexcept { return std::hash<std::string>{}(digest.str()); }
};
