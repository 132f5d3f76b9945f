// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detectors/engine/detector.hpp"
#include "detectors/keys/public_key.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace landwaiter::detectors {

/// What is known of a private key in a program's own format. `opaque` identifies it when its public half is not known.
struct StoredKey {
  PublicKey public_key;  ///< spki is empty when the public half cannot be known
  std::string format;    ///< "PuTTY", "age", ...
  bool encrypted = false;
  nlohmann::json encryption;  ///< {scheme, cipher, kdf, iterations, ...}; null when not encrypted
  ByteView opaque;
};

/// Each sets type, id, severity, title, the attributes of the key, encoding, format and weaknesses. The identity of a key with a known
/// public half is that half's, so that pairs correlate whatever they are stored in.
Finding private_key_finding(const StoredKey& key, std::string_view encoding, const DetectorContext& context);
Finding public_key_finding(const PublicKey& key, std::string_view encoding, std::string_view format);
/// A key of a symmetric algorithm; `algorithm` is null when it is not known.
Finding secret_key_finding(ByteView secret, const nlohmann::json& algorithm, std::string_view format, const DetectorContext& context);

/// Appends a code to the weaknesses among the attributes, once.
void add_weakness(Finding& finding, std::string_view code);

/// An Ed25519, X25519... key from its raw bytes; `oid` is one of oid::ed25519() and its kin.
std::optional<PublicKey> raw_curve_public_key(ByteView oid, ByteView key);
/// The public half of a raw private key.
std::optional<PublicKey> raw_curve_public_half(ByteView oid, ByteView secret);

/// A random key has many different bytes; a placeholder such as "xxxx..." or zeros has a handful.
bool looks_random(ByteView bytes);

/// Seconds since 1970 as "2030-01-31T00:00:00Z"; null beyond the year 9999.
nlohmann::json unix_time_text(std::uint64_t seconds);

/// The index one past the run of base64 characters and padding that begins at `at`, at most `size_max` further.
std::size_t base64_end(std::string_view text, std::size_t at, std::size_t size_max);

/// The line that begins at `at`, without its "\n" or "\r\n"; moves `at` to the next one. A line of more than `size_max` bytes is cut there.
std::string_view take_line(std::string_view text, std::size_t& at, std::size_t size_max);

/// The value of a line "name: value", when the line has that name.
std::optional<std::string_view> line_value(std::string_view line, std::string_view name);

}  // namespace landwaiter::detectors
