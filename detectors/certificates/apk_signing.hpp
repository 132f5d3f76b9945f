// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/bytes.hpp"
#include "core/report/finding.hpp"

#include <optional>

namespace landwaiter::detectors {

/// One pair of an APK Signing Block (source.android.com, "APK Signature Scheme v2", "v3", "v3.1"): u64 size, u32 id, value;
/// little-endian. `id_at` is the index of the id. The pair's size in bytes, from its size field on; nothing if it belongs to none of
/// these schemes.
std::optional<std::uint64_t> apk_pair_size(ByteView bytes, std::size_t id_at);

/// Describes the signatures of one pair, which begins `bytes`: `scheme`, and for each signer its algorithms and its number of
/// certificates, which are found as certificates. Nothing unless all lengths inside fit.
std::optional<Finding> describe_apk_pair(ByteView bytes);

}  // namespace landwaiter::detectors
