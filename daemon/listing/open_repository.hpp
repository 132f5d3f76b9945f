// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/listing/manifest_reader.hpp"
#include "daemon/listing/newest_tags.hpp"
#include "daemon/listing/walk_progress.hpp"
#include "registry/client/client.hpp"

#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace landwaiter::daemon {

/// One tag or reference to list.
struct TagWork {
  registry::TagEntry entry;                                       ///< `tag` may be a digest, for an explicit reference
  protocol::TimeSource time_source = protocol::TimeSource::none;  ///< of entry.pushed, once the tag has been selected by time
  bool chosen = false;                                            ///< the filters on names and times have been passed
};

/// A repository that a walk has started or will start.
struct OpenRepository {
  OpenRepository(std::string its_name, std::size_t newest_count) : name(std::move(its_name)), newest(newest_count) {}

  std::string name;
  WalkProgress::Entry* entry = nullptr;    ///< nullptr if it does not come from the catalog
  std::shared_ptr<ManifestReader> reader;  ///< set once it is started
  registry::PageGuard guard;
  std::string next;         ///< cursor of the next page of tags
  bool listing = false;     ///< a page is under way
  bool listed = false;      ///< there is no further page
  bool broken = false;      ///< some page could not be read
  std::size_t running = 0;  ///< tags under way
  NewestTags newest;

  bool has_tag() const { return taken_ < page_.size() || !chosen_.empty(); }
  bool wants_page() const { return !has_tag() && !listing && !listed; }
  /// Everything is done except for the tags in `newest`.
  bool settled() const { return listed && !listing && running == 0 && !has_tag(); }

  void put_page(registry::TagList entries) {
    page_ = std::move(entries);
    taken_ = 0;
  }
  void put(TagWork work) { chosen_.push_back(std::move(work)); }
  void choose_newest() {
    for (TimedTag tag : newest.take()) put({std::move(tag.entry), tag.time_source, true});
  }
  /// has_tag() must hold.
  TagWork take() {
    if (taken_ < page_.size()) return {page_[taken_++], protocol::TimeSource::none, false};
    TagWork work = std::move(chosen_.front());
    chosen_.pop_front();
    return work;
  }

 private:
  registry::TagList page_;
  std::size_t taken_ = 0;
  std::deque<TagWork> chosen_;
};

}  // namespace landwaiter::daemon
