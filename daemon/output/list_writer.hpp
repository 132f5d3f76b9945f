// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"

#include <iosfwd>
#include <memory>
#include <string>

namespace landwaiter::daemon {

/// The totals of a listing.
struct ListSummary {
  std::uint64_t repositories_listed = 0;
  std::uint64_t repositories_filtered = 0;
  std::string error;  ///< why the listing ended early; empty if it is complete
};

/// Writes a listing as it arrives, so it is never completely in memory.
class ListWriter {
 public:
  virtual ~ListWriter() = default;
  virtual void begin(const std::string& registry) = 0;
  virtual void write(const protocol::InventoryItem& item) = 0;
  virtual void end(const ListSummary& summary) = 0;
};

/// Of the table.
struct ListStyle {
  bool with_times = false;     ///< a column for them
  bool whole_digests = false;  ///< otherwise their beginning, as other tools have it
};

/// "json" (one document: registry, items, repositories_listed, repositories_filtered, error), "jsonl" (one item per line), or "table"
/// (columns of a fixed width; longer texts move the rest of their line; its header comes with the first item). What is not known is null.
/// `out` must outlive it.
std::unique_ptr<ListWriter> make_list_writer(const std::string& format, ListStyle style, std::ostream& out);

}  // namespace landwaiter::daemon
