// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "daemon/scan/store_thread.hpp"
#include "registry/client/image_source.hpp"

#include <memory>
#include <set>
#include <vector>

namespace landwaiter::daemon {

/// Knows what exists of layers, their facts and a report for each analysis, and who reads the rest, so that each layer is read once for
/// each state: by one sensor of a fleet, or by one of several images in a command. One object serves one image job.
class LayerBook {
 public:
  virtual ~LayerBook() = default;
  /// Sorts `layers` into known, claimed (ours to read, with what of them) and busy (somebody else reads them). Waits a while when all are
  /// busy, so that callers can simply ask again.
  virtual Awaitable<protocol::LayerClaimAnswer> claim(std::vector<Digest> layers) = 0;
  /// Takes what was read of a claimed layer; once it returns, that survives a kill.
  virtual Awaitable<void> deliver(ScannedLayer layer) = 0;
  /// These parts of a claimed layer need not be read: the store has them already.
  virtual Awaitable<void> deliver_stored(Digest layer, LayerParts parts) = 0;
  /// Gives claimed layers back unread.
  virtual void release(const std::vector<Digest>& layers) = 0;
};

/// The claims of all images of one command, in memory, over the local store.
class LocalClaims {
 public:
  /// `incremental` false: what earlier runs found does not count.
  LocalClaims(asio::any_io_executor executor, StoreThread& store, EngineState engine, const Clock& clock, bool incremental);

  /// A book for one image; `claims` must outlive it.
  static std::shared_ptr<LayerBook> open_book(LocalClaims& claims);

 private:
  friend class LocalBook;
  Awaitable<LayerParts> missing(Digest layer);

  StoreThread& store_;
  EngineState engine_;
  const Clock& clock_;
  bool incremental_;
  std::set<Digest> busy_;
  std::set<Digest> fresh_;  ///< read in this run; only if what the store has does not tell
  Event changed_;
};

}  // namespace landwaiter::daemon
