// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"

#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>

namespace landwaiter {

/// A password, token or key in memory. Wipes itself when destroyed, moved from or replaced; prints as `***`. There is no implicit
/// conversion to a plain string: a caller of reveal() must make sure that the bytes go only to the wire or to a cipher.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value);
  Secret(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  bool empty() const { return value_.empty(); }
  /// Valid until this object changes.
  const std::string& reveal() const { return value_; }
  /// Constant time for equal lengths.
  bool equals(std::string_view other) const;

 private:
  void wipe() noexcept;
  std::string value_;
};

std::ostream& operator<<(std::ostream& out, const Secret& secret);

/// The parts one after the other, made without leaving a copy behind.
Secret concat(std::initializer_list<std::string_view> parts);

/// `text` with each occurrence of the secret, also percent-encoded in whole or in part, replaced by "***"; secrets too short to distinguish
/// from ordinary text stay. The time is linear in the sizes of both.
std::string redact(std::string text, const Secret& secret);

/// Overwrites a plain string's bytes before it is freed: for copies that a library requires.
void wipe(std::string& text) noexcept;
void wipe(Bytes& bytes) noexcept;

/// Bytes that are overwritten when destroyed or replaced, such as a decoded private key.
class WipedBytes {
 public:
  WipedBytes() = default;
  explicit WipedBytes(Bytes bytes) : bytes_(std::move(bytes)) {}
  WipedBytes(WipedBytes&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  WipedBytes& operator=(WipedBytes&& other) noexcept;
  ~WipedBytes();
  ByteView view() const { return bytes_; }

 private:
  void wipe() noexcept;
  Bytes bytes_;
};

}  // namespace landwaiter
