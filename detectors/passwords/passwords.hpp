// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/secret.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace landwaiter::detectors {

/// A password that everybody knows.
struct Password {
  std::string_view text;
  bool none = false;  ///< no password at all, which some formats tell from an empty one

  /// How a report calls it: "none", "empty" or "well-known", never by its text.
  std::string_view kind() const { return none ? "none" : text.empty() ? "empty" : "well-known"; }
  /// The code of having it.
  std::string_view weakness() const { return text.empty() ? "empty-password" : "well-known-password"; }
};

/// Those that tools and manuals set, the most frequent first.
std::span<const Password> well_known_passwords();

/// The password's characters of 16 bits, big-endian, as Java hashes them.
WipedBytes utf16_be(const Password& password);
/// RFC 7292, B.1: the same with a zero at its end; nothing at all for no password.
WipedBytes bmp_string(const Password& password);
/// Bouncy Castle's reading of the same rule, in which an empty password is none.
WipedBytes bouncy_bmp_string(const Password& password);

/// What a password opens.
struct Lock {
  std::uint64_t rounds = 0;  ///< of a hash function that one try costs
  /// What it protects; empty bytes where a check of integrity is all. Nothing when this is not the password. Empty when no password
  /// can be tried.
  std::function<std::optional<WipedBytes>(const Password&)> open;

  explicit operator bool() const { return static_cast<bool>(open); }
};

/// Tries passwords as long as there are rounds to spend.
class Guesser {
 public:
  /// `spend` as FindingSink::spend.
  Guesser(bool allowed, std::function<bool(std::uint64_t)> spend) : allowed_(allowed), spend_(std::move(spend)) {}

  std::optional<WipedBytes> open(const Lock& lock, const Password& password);
  /// The first of the well-known passwords that opens it, with what it opened.
  std::optional<std::pair<Password, WipedBytes>> open_with_any(const Lock& lock);

  bool allowed() const { return allowed_; }
  /// True once a try could not be paid, or was not allowed.
  bool held_back() const { return held_back_; }

 private:
  bool allowed_;
  bool held_back_ = false;
  std::function<bool(std::uint64_t)> spend_;
};

}  // namespace landwaiter::detectors
