// SPDX-License-Identifier: Apache-2.0
#include "detectors/keys/published_keys.hpp"

#include "core/base/digest.hpp"
#include "core/report/attribute_names.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

struct PublishedKey {
  std::string_view sha256;  ///< of the SubjectPublicKeyInfo, or of what stands for it if that cannot be derived
  std::string_view publisher;
};

constexpr auto kPublished = std::to_array<PublishedKey>({
#include "detectors/keys/published_keys.inc"
});
static_assert(std::ranges::is_sorted(kPublished, {}, &PublishedKey::sha256));

}  // namespace

std::string publisher_of(const PublicKey& key, ByteView opaque) {
  const ByteView identity = key.spki.empty() ? opaque : ByteView(key.spki);
  if (identity.empty()) return {};
  const Digest digest = Digest::sha256_of(identity);
  const auto found = std::ranges::lower_bound(kPublished, digest.hex(), {}, &PublishedKey::sha256);
  return found == kPublished.end() || found->sha256 != digest.hex() ? std::string() : std::string(found->publisher);
}

void mark_published(const std::string& publisher, Finding& finding) {
  finding.attributes[attribute::publisher] = publisher.empty() ? nlohmann::json(nullptr) : nlohmann::json(publisher);
  if (publisher.empty()) return;
  finding.severity = Severity::low;
  finding.title += ", published test key of " + publisher;
}

}  // namespace landwaiter::detectors
