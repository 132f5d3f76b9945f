// SPDX-License-Identifier: Apache-2.0
#include "detectors/passwords/passwords.hpp"

#include "core/base/secret.hpp"

#include <array>

namespace landwaiter::detectors {
namespace {

constexpr std::array<Password, 12> kWellKnown{{{"changeit"},
                                               {""},
                                               {"", true},
                                               {"changeme"},
                                               {"password"},
                                               {"12345678"},
                                               {"secret"},
                                               {"android"},
                                               {"keystore"},
                                               {"storepass"},
                                               {"notasecret"},
                                               {"tomcat"}}};

Bytes two_bytes_each(std::string_view ascii, bool terminated) {
  Bytes out;
  out.reserve(2 * ascii.size() + 2);
  for (const char c : ascii) {
    out.push_back(0);
    out.push_back(static_cast<std::uint8_t>(c));
  }
  if (terminated) out.insert(out.end(), 2, 0);
  return out;
}

}  // namespace

std::span<const Password> well_known_passwords() { return kWellKnown; }

WipedBytes utf16_be(const Password& password) { return WipedBytes(two_bytes_each(password.text, false)); }

WipedBytes bmp_string(const Password& password) { return WipedBytes(password.none ? Bytes() : two_bytes_each(password.text, true)); }

WipedBytes bouncy_bmp_string(const Password& password) {
  return WipedBytes(password.text.empty() ? Bytes() : two_bytes_each(password.text, true));
}

std::optional<WipedBytes> Guesser::open(const Lock& lock, const Password& password) {
  // What any attempt costs: contexts, fetched algorithms, a cipher's key.
  constexpr std::uint64_t kAttemptRounds = 150;
  if (!lock) return std::nullopt;
  // One attempt cannot be stopped, so it takes a tenth of a second at most: what OpenSSL uses scrypt with counts as about a million.
  constexpr std::uint64_t kAttemptRoundsMax = 1'050'000;
  if (!allowed_ || lock.rounds > kAttemptRoundsMax || !spend_(kAttemptRounds + lock.rounds)) {
    held_back_ = true;
    return std::nullopt;
  }
  return lock.open(password);
}

std::optional<std::pair<Password, WipedBytes>> Guesser::open_with_any(const Lock& lock) {
  for (const Password& password : kWellKnown) {
    if (auto opened = open(lock, password)) return std::pair(password, *std::move(opened));
    if (held_back_) break;
  }
  return std::nullopt;
}

}  // namespace landwaiter::detectors
