// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing/walk_progress.hpp"

#include "core/base/json_reader.hpp"

namespace landwaiter::daemon {

std::string WalkCursor::str() const {
  if (at_start()) return {};
  return dump_json({{"page", page},
                    {"after", after},
                    {"listed", listed},
                    {"filtered", filtered},
                    {"page_listed", page_listed},
                    {"page_filtered", page_filtered}});
}

WalkCursor WalkCursor::parse(const std::string& text) {
  WalkCursor cursor;
  auto document = parse_json(text, "cursor", kJsonFields);
  if (!document) return cursor;
  auto read = read_json_fields("cursor", [&] {
    document->at("page").get_to(cursor.page);
    document->at("after").get_to(cursor.after);
    read_count(*document, "listed", cursor.listed);
    read_count(*document, "filtered", cursor.filtered);
    read_count(*document, "page_listed", cursor.page_listed);
    read_count(*document, "page_filtered", cursor.page_filtered);
  });
  return read ? cursor : WalkCursor();
}

WalkProgress::Entry* WalkProgress::add(std::string name, std::shared_ptr<const std::string> page, bool filtered) {
  auto entry = std::make_unique<Entry>();
  entry->name = std::move(name);
  entry->page = std::move(page);
  entry->filtered = filtered;
  entries_.push_back(std::move(entry));
  return entries_.back().get();
}

void WalkProgress::finish(Entry* entry) {
  entry->done = true;
  while (!entries_.empty() && entries_.front()->done) {
    pass(*entries_.front());
    entries_.pop_front();
  }
}

void WalkProgress::pass(const Entry& entry) {
  if (cursor.page != *entry.page) {
    cursor.page = *entry.page;
    cursor.page_listed = cursor.listed;
    cursor.page_filtered = cursor.filtered;
  }
  cursor.after = entry.name;
  ++(entry.filtered ? cursor.filtered : cursor.listed);
}

}  // namespace landwaiter::daemon
