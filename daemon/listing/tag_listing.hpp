// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/filter.hpp"
#include "core/wire/protocol.hpp"
#include "daemon/listing/manifest_reader.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace landwaiter::daemon {

/// An item for what could not be read: gone when it is not there (any more), unsupported, or failed.
protocol::InventoryItem failed_item(const std::string& repository, const std::string& tag, const Error& error);
protocol::InventoryItem filtered_item(const std::string& repository, const std::string& tag, std::string reason);

/// When something was pushed, and the source of that time.
struct PushTime {
  std::string text;  ///< RFC 3339; empty if unknown
  protocol::TimeSource source = protocol::TimeSource::none;
};

/// What to list for a tag, and in how much detail.
struct TagRules {
  std::vector<std::string> platforms;  ///< others become filtered; empty means all
  bool ask_configs = false;            ///< fetch each image's config for its platform and creation time
};

/// The items for one manifest: itself, or an index's members (including nested indexes, up to limits::index_depth_max). Each has its
/// outcome. Attestations are skipped: they describe images, but are not images.
class TagListing {
 public:
  TagListing(std::shared_ptr<ManifestReader> reader, TagRules rules, std::string repository, std::string tag);

  /// All items below `manifest`. Never fails: an error is an item's outcome.
  asio::awaitable<std::vector<protocol::InventoryItem>> expand(KnownManifest manifest, PushTime pushed);
  /// When the image was created; for an index, that of the first selected member. Empty if the config does not say.
  Awaitable<std::string> created(KnownManifest manifest);

 private:
  asio::awaitable<void> expand_index(KnownManifest index, std::size_t depth);
  asio::awaitable<void> expand_inner(ManifestMember member, Digest index, std::size_t depth);
  asio::awaitable<void> add_member(ManifestMember member, Digest index);
  asio::awaitable<void> add_image(KnownManifest manifest, Digest index);
  void add(protocol::InventoryItem item);
  protocol::InventoryItem make_item(const Digest& digest, const std::string& media_type, const Digest& index) const;

  std::shared_ptr<ManifestReader> reader_;
  TagRules rules_;
  std::string repository_;
  std::string tag_;
  PushTime pushed_;
  std::set<Digest> seen_;
  std::vector<protocol::InventoryItem> items_;
};

/// All items of one reference, in a source without a manifest cache. `repository` and `tag` are copied into the items.
asio::awaitable<std::vector<protocol::InventoryItem>> list_reference(std::shared_ptr<registry::ImageSource> source, std::string reference,
                                                                     std::string repository, std::string tag);

}  // namespace landwaiter::daemon
