// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "daemon/scan/store_thread.hpp"
#include "registry/client/image_source.hpp"

#include <memory>
#include <set>
#include <vector>

namespace landwaiter::daemon {

/// Knows which layers' reports exist and who reads the others, so that each layer is read once: by one sensor of a
/// fleet, or by one of several images in a command. One object serves one image job.
class LayerBook {
 public:
  virtual ~LayerBook() = default;
  /// Sorts `layers` into known, claimed (ours to read) and busy (somebody else reads them). Waits a while when all are busy, so
  /// that callers can simply ask again.
  virtual Awaitable<protocol::LayerClaimAnswer> claim(std::vector<Digest> layers) = 0;
  /// Takes the report of a claimed layer; once it returns, the report survives a kill.
  virtual Awaitable<void> deliver(LayerReport report) = 0;
  /// Gives claimed layers back unread.
  virtual void release(const std::vector<Digest>& layers) = 0;
};

/// The claims of all images of one command, in memory, over the local store.
class LocalClaims {
 public:
  /// `incremental` false: reports of earlier runs do not count.
  LocalClaims(asio::any_io_executor executor, StoreThread& store, Digest detector_state, const Clock& clock, bool incremental);

  /// A book for one image; `claims` must outlive it.
  static std::shared_ptr<LayerBook> open_book(LocalClaims& claims);

 private:
  friend class LocalBook;
  Awaitable<bool> is_known(Digest layer);

  StoreThread& store_;
  Digest detector_state_;
  const Clock& clock_;
  bool incremental_;
  std::set<Digest> busy_;
  std::set<Digest> fresh_;  ///< reported in this run
  Event changed_;
};

}  // namespace landwaiter::daemon
