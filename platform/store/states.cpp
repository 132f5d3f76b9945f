// SPDX-License-Identifier: Apache-2.0
#include "platform/store/states.hpp"

#include "core/base/enum_names.hpp"

namespace landwaiter::platform {
namespace {

constexpr EnumNames<ScanState, 5> kScanStates{{
    {ScanState::queued, "queued"},
    {ScanState::running, "running"},
    {ScanState::finished, "finished"},
    {ScanState::failed, "failed"},
    {ScanState::cancelled, "cancelled"},
}};

constexpr EnumNames<JobState, 7> kJobStates{{
    {JobState::queued, "queued"},
    {JobState::delayed, "delayed"},
    {JobState::suspect, "suspect"},
    {JobState::leased, "leased"},
    {JobState::done, "done"},
    {JobState::failed, "failed"},
    {JobState::cancelled, "cancelled"},
}};

constexpr EnumNames<ItemState, kAllItemStates.size()> kItemStates{{
    {ItemState::pending, "pending"},
    {ItemState::scanned, "scanned"},
    {ItemState::unchanged, "unchanged"},
    {ItemState::filtered, "filtered"},
    {ItemState::gone, "gone"},
    {ItemState::unsupported, "unsupported"},
    {ItemState::failed, "failed"},
    {ItemState::cancelled, "cancelled"},
}};

}  // namespace

std::string_view to_string(ScanState state) { return name_of(kScanStates, state); }
std::optional<ScanState> scan_state_from(std::string_view name) { return value_of(kScanStates, name); }
std::string_view to_string(JobState state) { return name_of(kJobStates, state); }
std::optional<JobState> job_state_from(std::string_view name) { return value_of(kJobStates, name); }
std::string_view to_string(ItemState state) { return name_of(kItemStates, state); }
std::optional<ItemState> item_state_from(std::string_view name) { return value_of(kItemStates, name); }

ItemState item_state_of(ErrorCode code) {
  if (code == ErrorCode::not_found) return ItemState::gone;
  if (code == ErrorCode::unsupported) return ItemState::unsupported;
  return ItemState::failed;
}

}  // namespace landwaiter::platform
