// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"
#include "detectors/keys/public_key.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// Facts about a private key in a program-specific format. `opaque` identifies it if its public half is unknown.
struct StoredKey {
  PublicKey public_key;  ///< spki is empty if the public half is unknown
  std::string format;    ///< "PuTTY", "age", ...
  bool encrypted = false;
  nlohmann::json encryption;  ///< {scheme, cipher, kdf, iterations, ...}; null when not encrypted
  ByteView opaque;
};

/// Each sets type, id, severity, title, the attributes of the key, encoding, format and weaknesses. A key with a known public half has
/// that half's identity, so pairs are matched whatever their formats.
Finding private_key_finding(const StoredKey& key, std::string_view encoding, FindingSink& sink);
Finding public_key_finding(const PublicKey& key, std::string_view encoding, std::string_view format);
/// A key of a symmetric algorithm; `algorithm` is null if unknown.
Finding secret_key_finding(ByteView secret, const nlohmann::json& algorithm, std::string_view format, FindingSink& sink);

/// Appends a code to the weaknesses among the attributes, once.
void add_weakness(Finding& finding, std::string_view code);

/// An Ed25519, X25519... key from its raw bytes; `oid` is oid::ed25519() or similar.
std::optional<PublicKey> raw_curve_public_key(ByteView oid, ByteView key);
/// The public half of a raw private key.
std::optional<PublicKey> raw_curve_public_half(ByteView oid, ByteView secret);

/// A random key has many different bytes; a placeholder such as "xxxx..." or zeros has few.
bool looks_random(ByteView bytes);

/// Seconds since 1970 as "2030-01-31T00:00:00Z"; null beyond the year 9999.
nlohmann::json unix_time_text(std::uint64_t seconds);

/// The index one past the run of base64 characters and padding that starts at `at`, at most `size_max` further.
std::size_t base64_end(std::string_view text, std::size_t at, std::size_t size_max);

/// The line that starts at `at`, without its "\n" or "\r\n"; moves `at` to the next one. A line of more than `size_max` bytes is
/// truncated.
std::string_view take_line(std::string_view text, std::size_t& at, std::size_t size_max);

/// The value of a line "name: value", if it has that name.
std::optional<std::string_view> line_value(std::string_view line, std::string_view name);

}  // namespace landwaiter::detectors
