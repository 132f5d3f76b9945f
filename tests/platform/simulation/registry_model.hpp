// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/wire/protocol.hpp"
#include "tests/platform/simulation/steps.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace landwaiter::simulation {

/// An image as registries have it.
struct ModelImage {
  Digest digest;
  std::vector<Digest> layers;
  bool poisonous = false;  ///< whichever sensor reads it dies
  /// How often it is refused before it can be read, in a way that may pass. Less than what makes a job fail.
  std::uint32_t refusals = 0;
  std::uint32_t layer_refusals = 0;  ///< the same for its layers
  bool broken = false;               ///< its layers cannot be read
};

/// What a tag names: images (several are an index's), or what is no image.
struct ModelTag {
  std::vector<Digest> images;
  std::string index;  ///< names the index
  bool artifact = false;
};

struct ModelRegistry {
  std::string host;
  std::string password;  ///< empty: none is needed
  std::map<std::string, std::map<std::string, ModelTag>> repositories;
  std::set<std::string> forbidden;  ///< repositories whose manifests nobody may read
};

/// Some registries whose images share layers, also with each other's.
class RegistryModel {
 public:
  explicit RegistryModel(Random& random);

  const std::vector<ModelRegistry>& registries() const { return registries_; }
  const ModelRegistry* find(const std::string& host) const;
  const ModelImage& image(const Digest& digest) const { return images_.at(digest); }
  const std::map<Digest, ModelImage>& images() const { return images_; }

  /// A page of what the listing finds, in order from `cursor` on.
  protocol::InventoryPage list(const ModelRegistry& registry, const protocol::ListWork& work, const std::string& cursor) const;
  /// What a sensor gets that asks for the image there: nothing is the image.
  std::optional<Error> fetch(const std::string& host, const std::string& repository, const Digest& digest);
  /// What it gets that asks for a layer of the image then.
  std::optional<Error> fetch_layer(const Digest& digest);
  /// A tag moves to another image, or an image is deleted everywhere. What it did, for people.
  std::string change(std::uint32_t how);
  std::uint64_t changes() const { return changes_; }
  /// Of an item that was listed: may the image be refused for good where it was listed?
  bool may_be_unreadable(const Digest& digest) const { return unreadable_.contains(digest); }

 private:
  std::vector<protocol::InventoryItem> items_of(const std::string& repository, const std::string& tag, const ModelTag& target) const;

  std::map<Digest, ModelImage> images_;
  std::vector<Digest> order_;
  std::vector<ModelRegistry> registries_;
  std::set<Digest> gone_;
  std::set<Digest> unreadable_;  ///< gone now, or forbidden somewhere
  std::uint64_t changes_ = 0;
};

Digest digest_of(const std::string& text);

}  // namespace landwaiter::simulation
