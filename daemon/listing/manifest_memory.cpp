// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing/manifest_memory.hpp"

#include "core/base/limits.hpp"
#include "core/base/log.hpp"

namespace landwaiter::daemon {
namespace {

void warn(std::string_view what, const Error& error) { log_event(LogLevel::warning, what, {{"error", error.message()}}); }

}  // namespace

KnownManifest RecentManifests::known(const Digest& digest) const {
  const auto found = manifests_.find(digest);
  return found == manifests_.end() ? nullptr : found->second;
}

void RecentManifests::remember(KnownManifest manifest) {
  const auto known = manifests_.find(manifest->digest);
  if (known != manifests_.end() && (known->second->config_read || !manifest->config_read)) return;
  bytes_ += manifest->bytes();
  in_order_.push_back(manifest);
  manifests_[manifest->digest] = std::move(manifest);
  while (bytes_ > limits::manifests_cached_bytes_max && in_order_.size() > 1) {
    const KnownManifest oldest = std::move(in_order_.front());
    in_order_.pop_front();
    bytes_ -= oldest->bytes();
    const auto found = manifests_.find(oldest->digest);
    if (found != manifests_.end() && found->second == oldest) manifests_.erase(found);
  }
}

struct StoredManifests::Lookup {
  explicit Lookup(asio::any_io_executor executor) : ready(std::move(executor)) {}
  std::vector<Digest> digests;
  std::map<Digest, KnownManifest> found;
  bool done = false;
  Event ready;
};

StoredManifests::StoredManifests(asio::any_io_executor executor, StoreThread& store, const Clock& clock)
    : executor_(executor), store_(store), clock_(clock), looked_up_(executor) {}

asio::awaitable<KnownManifest> StoredManifests::find(Digest digest) {
  if (auto recent = recent_.known(digest)) co_return recent;
  if (const auto unsaved = unsaved_.find(digest); unsaved != unsaved_.end()) co_return unsaved->second;
  const bool first = !next_;
  if (first) next_ = std::make_shared<Lookup>(executor_);
  const std::shared_ptr<Lookup> lookup = next_;
  lookup->digests.push_back(digest);
  if (first) {
    co_await look_up(lookup);
  }
  while (!lookup->done) co_await lookup->ready.wait();
  const auto found = lookup->found.find(digest);
  if (found == lookup->found.end()) co_return nullptr;
  co_return found->second;
}

asio::awaitable<void> StoredManifests::look_up(std::shared_ptr<Lookup> lookup) {
  while (looking_up_) co_await looked_up_.wait();
  looking_up_ = true;
  next_.reset();
  auto query = [digests = lookup->digests, now = clock_.now()](storage::Store& store) { return store.manifests(digests, now); };
  auto found = co_await store_.run(std::move(query));
  if (!found) warn("known manifests cannot be read", found.error());
  else {
    for (ManifestFacts& facts : *found) {
      const Digest digest = facts.digest;
      auto known = std::make_shared<const ManifestFacts>(std::move(facts));
      recent_.remember(known);
      lookup->found.emplace(digest, std::move(known));
    }
  }
  looking_up_ = false;
  looked_up_.notify();
  lookup->done = true;
  lookup->ready.notify();
}

void StoredManifests::remember(KnownManifest manifest) {
  const auto recent = recent_.known(manifest->digest);
  if (recent && (recent->config_read || !manifest->config_read)) return;
  recent_.remember(manifest);
  const Digest digest = manifest->digest;
  unsaved_[digest] = std::move(manifest);
}

asio::awaitable<bool> StoredManifests::walked(std::string repository) {
  auto query = [repository, now = clock_.now()](storage::Store& store) { return store.repository_walked(repository, now); };
  const auto walked = co_await store_.run(std::move(query));
  if (!walked) warn("known repositories cannot be read", walked.error());
  co_return walked&&* walked;
}

asio::awaitable<void> StoredManifests::save() {
  if (unsaved_.empty() && unsaved_repositories_.empty()) co_return;
  storage::ListingNotes notes;
  const auto saving = std::exchange(unsaved_, {});
  for (const auto& [digest, manifest] : saving) notes.manifests.push_back(*manifest);
  notes.repositories = std::exchange(unsaved_repositories_, {});
  auto write = [notes = std::move(notes), now = clock_.now()](storage::Store& store) { return store.put_listing(notes, now); };
  const auto written = co_await store_.run(std::move(write));
  if (!written) warn("known manifests cannot be stored", written.error());
}

}  // namespace landwaiter::daemon
