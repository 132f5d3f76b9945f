// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/published_keys.hpp"

#include "core/base/digest.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

struct PublishedKey {
  std::string_view sha256;  ///< of the SubjectPublicKeyInfo, or of PrivateKey::opaque if that cannot be derived
  std::string_view publisher;
};

constexpr auto kPublished = std::to_array<PublishedKey>({
#include "detectors/keys/published_keys.inc"
});
static_assert(std::ranges::is_sorted(kPublished, {}, &PublishedKey::sha256));

}  // namespace

std::string_view publisher_of(const PrivateKey& key) {
  const bool derived = !key.public_key.spki.empty();
  const Digest digest = Digest::sha256_of(derived ? ByteView(key.public_key.spki) : key.opaque);
  const auto found = std::ranges::lower_bound(kPublished, digest.hex(), {}, &PublishedKey::sha256);
  return found == kPublished.end() || found->sha256 != digest.hex() ? std::string_view() : found->publisher;
}

}  // namespace landwaiter::detectors
