// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/report/finding.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace landwaiter::detectors {

/// Ids of assets that have no public part: the same for the same bytes on every machine and in every run, so that decisions, baselines and
/// alerts hold. Whoever reads a report can try guesses against an id, so it must cost them too much:
///  - what has 128 bits and more cannot be guessed: HMAC-SHA-256 under a constant, "hmac-sha256:<hex>";
///  - anything weaker (a password as a key, a preshared key of a person's choice) is hashed by scrypt (RFC 7914), 8 MiB and a twentieth of
///  a
///    second a guess, "scrypt:<hex>". That is dear for us, too, so a layer gets few of them;
///  - the rest get one of their place, "place-sha256:<hex>", with a note.
/// That equal secrets have equal ids in all installations is wanted, and said in docs/findings.md.
/// For one analysis in one layer. Not thread-safe.
class SecretIds {
 public:
  void begin_layer();
  /// `guessable`: it was derived from what people choose, however long it is. Nothing when a slow hash is needed and cannot be had: there
  /// were enough of them, or the layer has no memory left.
  std::optional<std::string> of(ByteView secret, bool guessable);

 private:
  std::size_t left_ = 0;
  std::map<std::string, std::string> known_;  ///< slow ids of this layer by a plain hash, which nobody sees
};

/// For an asset that gets an id of its place, which nobody knows completely yet: unique among those of one file.
std::string id_of_place(std::uint64_t offset, std::span<const std::string> encodings);
bool is_id_of_place(const Finding& finding);
/// Once the finding has its places: makes such an id the final one, of the first of them.
void settle_id_of_place(Finding& finding);

/// An estimate, in bits, of how many guesses it takes: by length and kinds of characters; text of letters alone counts as words.
double guesses_bits(ByteView secret);

}  // namespace landwaiter::detectors
