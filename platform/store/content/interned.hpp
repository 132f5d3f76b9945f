// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/report/analysis.hpp"
#include "platform/store/schema.hpp"

#include <optional>
#include <string_view>

/// Numbers that stand for digests in large tables. What was given a number keeps it.
namespace landwaiter::platform {

/// The part of a layer that its facts are, as analysis_state names it; the others are named as the analyses.
inline constexpr std::string_view kFactsPart = "facts";

/// A digest as the bytes of its hash: their number tells the algorithm.
Bytes digest_key(const Digest& digest);
/// Empty if these are not a digest's.
Digest digest_of_key(ByteView key);

std::int64_t layer_id(Transaction& transaction, const Digest& layer);
/// Nothing if the layer has no number, so that nothing is known of it.
std::optional<std::int64_t> known_layer_id(Transaction& transaction, const Digest& layer);

/// States count up in the order in which they came: of two states of an analysis the larger number is the newer.
std::int64_t state_id(Transaction& transaction, std::string_view part, const Digest& state);

std::int64_t engine_id(Transaction& transaction, const EngineState& engine);
EngineState engine_of(Transaction& transaction, std::int64_t engine_id);

}  // namespace landwaiter::platform
