// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/memory_meter.hpp"
#include "detectors/archives/entry_reader.hpp"
#include "detectors/engine/peek_source.hpp"

#include <deque>
#include <map>

namespace landwaiter::detectors {

/// The rows of an SQLite database that do not fit into their page, as entries ("Database File Format", 1.6 and 1.7): what such a row holds
/// lies in the file in pieces, with numbers of pages between them. Other rows lie in the file as they are. Reads the pages once, in their
/// order: pages that come before the row to which they belong wait for it.
class SqliteRows final : public EntryReader {
 public:
  explicit SqliteRows(PeekSource& source) : source_(source) {}

  Step next() override;
  Result<Block> read() override;
  /// Rows of which a page is missing, is too far away, or that are too long.
  std::uint64_t lost() const { return lost_; }

 private:
  struct Row {
    std::uint32_t page = 0;  ///< where it begins
    std::uint64_t left = 0;  ///< bytes that are still missing
    std::uint32_t next = 0;  ///< the page where they are
    MemoryShare memory = {};
    Bytes bytes = {};
  };
  struct Page {
    MemoryShare memory;
    Bytes bytes;
  };

  Result<bool> begin();
  Result<bool> read_page();
  void take_cells(ByteView page);
  void take_cell(ByteView cell, bool table);
  void take_overflow(ByteView page);
  void follow(Row row);
  void append(Row& row, ByteView page);

  PeekSource& source_;
  bool begun_ = false;
  std::size_t page_bytes_ = 0;
  std::size_t usable_bytes_ = 0;
  std::uint32_t page_count_ = 0;
  std::uint32_t number_ = 0;              ///< of the page at hand, from 1
  std::map<std::uint32_t, Row> waiting_;  ///< by the page that they wait for
  std::map<std::uint32_t, Page> kept_;    ///< pages that no row has asked for yet
  std::deque<Row> done_;
  Bytes page_;
  bool given_ = false;
  std::uint64_t lost_ = 0;
};

}  // namespace landwaiter::detectors
