// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"

#include <cstdint>
#include <string>

namespace landwaiter::daemon {

/// What a registry's listing held, for the sentences that explain a result that has less in it than expected.
struct ListingTally {
  std::uint64_t found = 0;      ///< images, and what could not be read
  std::uint64_t left_out = 0;   ///< by filters
  std::uint64_t artifacts = 0;  ///< read, and no images: signatures, charts, attestations
  std::uint64_t gone = 0;       ///< names that lead to nothing any more
  std::uint64_t repositories = 0;
  std::uint64_t repositories_left_out = 0;

  void add(const protocol::InventoryPage& page);
  /// Why there is nothing: a sentence, or nothing if there is something.
  std::string nothing_found() const;
  /// What a scan of all images passes over: a sentence, or nothing.
  std::string passed_over() const;
};

/// Whether it was read and is no image. An image in a format that cannot be read (schema 1) is `unsupported` as well, but was not read.
bool is_artifact(const protocol::InventoryItem& item);

}  // namespace landwaiter::daemon
