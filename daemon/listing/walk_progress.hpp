// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace landwaiter::daemon {

/// The progress of a walk, as text that survives a restart: the catalog's page, the repository in it up to which all are done, and their
/// number.
struct WalkCursor {
  std::string page;          ///< the page's own cursor; empty for the first one
  std::string after;         ///< empty: nothing of the page is done
  std::uint64_t listed = 0;  ///< repositories, up to `after`
  std::uint64_t filtered = 0;
  std::uint64_t page_listed = 0;  ///< repositories before this page
  std::uint64_t page_filtered = 0;

  std::string str() const;
  /// A foreign or damaged text means the start: that repeats work but loses nothing.
  static WalkCursor parse(const std::string& text);
  bool at_start() const { return page.empty() && after.empty(); }
};

/// The repositories between the cursor and the end of the catalog as listed so far, in its order. They finish in any order; the cursor
/// passes a repository once all before it are done.
class WalkProgress {
 public:
  struct Entry {
    std::string name;
    std::shared_ptr<const std::string> page;
    bool filtered = false;
    bool done = false;
  };

  explicit WalkProgress(WalkCursor start) : cursor(std::move(start)) {}

  WalkCursor cursor;

  /// The entry stays valid until done() is called for it.
  Entry* add(std::string name, std::shared_ptr<const std::string> page, bool filtered);
  /// Marks it as done and advances the cursor as far as possible.
  void finish(Entry* entry);
  std::size_t open() const { return entries_.size(); }

 private:
  void pass(const Entry& entry);

  std::deque<std::unique_ptr<Entry>> entries_;
};

}  // namespace landwaiter::daemon
