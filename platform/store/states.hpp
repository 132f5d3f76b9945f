// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/result.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace landwaiter::platform {

/// Where a scan stands: queued until its first job is leased, then running until no job is open.
enum class ScanState { queued, running, finished, failed, cancelled };
std::string_view to_string(ScanState state);
std::optional<ScanState> scan_state_from(std::string_view name);

/// A job waits as queued, as delayed until a time, or as suspect, to be leased alone; for people all three are queued.
enum class JobState { queued, delayed, suspect, leased, done, failed, cancelled };
std::string_view to_string(JobState state);
std::optional<JobState> job_state_from(std::string_view name);

/// What became of a manifest that a listing saw. Every item ends in one of these but pending.
enum class ItemState { pending, scanned, unchanged, filtered, gone, unsupported, failed, cancelled };
inline constexpr std::array kAllItemStates{ItemState::pending, ItemState::scanned,     ItemState::unchanged, ItemState::filtered,
                                           ItemState::gone,    ItemState::unsupported, ItemState::failed,    ItemState::cancelled};
std::string_view to_string(ItemState state);
std::optional<ItemState> item_state_from(std::string_view name);
/// Of an item whose job failed for good.
ItemState item_state_of(ErrorCode code);

}  // namespace landwaiter::platform
