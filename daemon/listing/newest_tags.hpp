// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/clock.hpp"
#include "core/wire/protocol.hpp"
#include "registry/enumerators/enumerator.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>

namespace landwaiter::daemon {

/// A tag with the time by which it is selected.
struct TimedTag {
  registry::TagEntry entry;
  SystemTime time;
  protocol::TimeSource time_source = protocol::TimeSource::none;

  /// Newest first; for equal times by name, so the selection is deterministic.
  bool operator<(const TimedTag& other) const { return time != other.time ? time > other.time : entry.tag < other.entry.tag; }
};

/// Keeps the newest `count` of the added tags, in whatever order they arrive.
class NewestTags {
 public:
  explicit NewestTags(std::size_t count) : count_(count) {}

  /// The tag that is now known not to be among the newest: this one or an earlier one.
  std::optional<TimedTag> add(TimedTag tag) {
    tags_.insert(std::move(tag));
    if (tags_.size() <= count_) return std::nullopt;
    return std::move(tags_.extract(std::prev(tags_.end())).value());
  }
  std::set<TimedTag> take() { return std::exchange(tags_, {}); }
  bool empty() const { return tags_.empty(); }

 private:
  std::size_t count_;
  std::set<TimedTag> tags_;
};

}  // namespace landwaiter::daemon
