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

/// A well-known password.
struct Password {
  std::string_view text;
  bool none = false;  ///< no password, which some formats distinguish from an empty one

  /// Its name in a report: "none", "empty" or "well-known", never by its text.
  std::string_view kind() const { return none ? "none" : text.empty() ? "empty" : "well-known"; }
  /// The weakness code for having it.
  std::string_view weakness() const { return text.empty() ? "empty-password" : "well-known-password"; }
};

/// Passwords from tools and manuals, the most frequent first.
std::span<const Password> well_known_passwords();

/// The password's characters of 16 bits, big-endian, as Java hashes them.
WipedBytes utf16_be(const Password& password);
/// RFC 7292, B.1: the same with a final zero; empty for no password.
WipedBytes bmp_string(const Password& password);
/// Bouncy Castle's interpretation of the same rule, in which an empty password means no password.
WipedBytes bouncy_bmp_string(const Password& password);

/// Something that a password opens.
struct Lock {
  std::uint64_t rounds = 0;  ///< what one attempt costs, in rounds of about 100 ns; password_crypto.hpp weighs them
  /// The protected bytes; empty bytes if there is only an integrity check. Nothing if the password is wrong. The function is empty if no
  /// password can be tried.
  std::function<std::optional<WipedBytes>(const Password&)> open;

  explicit operator bool() const { return static_cast<bool>(open); }
};

/// Tries passwords as long as there are rounds to spend.
class Guesser {
 public:
  /// `spend` is like FindingSink::spend.
  Guesser(bool allowed, std::function<bool(std::uint64_t)> spend) : allowed_(allowed), spend_(std::move(spend)) {}

  std::optional<WipedBytes> open(const Lock& lock, const Password& password);
  /// The first well-known password that opens it, with the opened bytes.
  std::optional<std::pair<Password, WipedBytes>> open_with_any(const Lock& lock);

  bool allowed() const { return allowed_; }
  /// True once an attempt exceeded the budget or was not allowed.
  bool held_back() const { return held_back_; }

 private:
  bool allowed_;
  bool held_back_ = false;
  std::function<bool(std::uint64_t)> spend_;
};

}  // namespace landwaiter::detectors
