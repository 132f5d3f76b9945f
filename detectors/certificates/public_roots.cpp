// SPDX-License-Identifier: Apache-2.0
#include "detectors/certificates/public_roots.hpp"

#include <algorithm>
#include <array>

namespace landwaiter::detectors {
namespace {

constexpr auto kPublicRoots = std::to_array<std::string_view>({
#include "detectors/certificates/public_roots.inc"
});
static_assert(std::ranges::is_sorted(kPublicRoots));

}  // namespace

bool is_public_root(std::string_view sha256) { return std::ranges::binary_search(kPublicRoots, sha256); }

}  // namespace landwaiter::detectors
