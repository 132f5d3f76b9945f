// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/async.hpp"
#include "core/base/clock.hpp"
#include "core/report/manifest_facts.hpp"
#include "daemon/scan/store_thread.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace landwaiter::daemon {

using KnownManifest = std::shared_ptr<const ManifestFacts>;

/// A cache of manifests for listings, so unchanged ones are not fetched again. It never makes a listing fail: anything that it cannot
/// answer is fetched. Lives on the io thread; several coroutines use it at once.
class ManifestMemory {
 public:
  virtual ~ManifestMemory() = default;
  /// nullptr if it is unknown.
  virtual asio::awaitable<KnownManifest> find(Digest digest) = 0;
  virtual void remember(KnownManifest manifest) = 0;
  /// Whether the repository ("host/name") has been listed completely before: then most of its manifests are known.
  virtual asio::awaitable<bool> walked(std::string repository) = 0;
  virtual void note_walked(std::string repository) = 0;
  /// Stores what was added since the last call.
  virtual asio::awaitable<void> save() = 0;
};

/// The most recent manifests, up to limits::manifests_cached_bytes_max; lost with the object.
class RecentManifests final : public ManifestMemory {
 public:
  KnownManifest known(const Digest& digest) const;

  asio::awaitable<KnownManifest> find(Digest digest) override { co_return known(digest); }
  void remember(KnownManifest manifest) override;
  asio::awaitable<bool> walked(std::string) override { co_return false; }
  void note_walked(std::string) override {}
  asio::awaitable<void> save() override { co_return; }

 private:
  std::unordered_map<Digest, KnownManifest> manifests_;
  std::deque<KnownManifest> in_order_;  ///< oldest first; a replaced one appears twice
  std::size_t bytes_ = 0;
};

/// Stored in the state folder. Lookups that arrive during another one share the next transaction; save() uses one transaction.
class StoredManifests final : public ManifestMemory {
 public:
  /// `store` and `clock` must outlive it.
  StoredManifests(asio::any_io_executor executor, StoreThread& store, const Clock& clock);

  asio::awaitable<KnownManifest> find(Digest digest) override;
  void remember(KnownManifest manifest) override;
  asio::awaitable<bool> walked(std::string repository) override;
  void note_walked(std::string repository) override { unsaved_repositories_.push_back(std::move(repository)); }
  asio::awaitable<void> save() override;

 private:
  struct Lookup;
  asio::awaitable<void> look_up(std::shared_ptr<Lookup> lookup);

  asio::any_io_executor executor_;
  StoreThread& store_;
  const Clock& clock_;
  RecentManifests recent_;
  std::map<Digest, KnownManifest> unsaved_;
  std::vector<std::string> unsaved_repositories_;
  std::shared_ptr<Lookup> next_;  ///< waits for the current one
  bool looking_up_ = false;
  Event looked_up_;
};

}  // namespace landwaiter::daemon
