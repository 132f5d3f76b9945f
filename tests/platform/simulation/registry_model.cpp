// SPDX-License-Identifier: Apache-2.0
#include "tests/platform/simulation/registry_model.hpp"

#include <algorithm>

namespace landwaiter::simulation {
namespace {

constexpr std::size_t kItemsOfPage = 3;

std::string number(std::size_t value) { return std::to_string(value); }

}  // namespace

Digest digest_of(const std::string& text) { return Digest::sha256_of(as_bytes(text)); }

RegistryModel::RegistryModel(Random& random) {
  const std::uint32_t count = 3 + random.below(7);
  const bool has_poison = random.chance(25);
  for (std::uint32_t i = 0; i < count; ++i) {
    ModelImage image;
    image.digest = digest_of("image " + number(i));
    const std::uint32_t depth = 1 + random.below(3);
    for (std::uint32_t at = 0; at < depth; ++at) {
      // Base layers are few, so that many images share them.
      const std::string layer = at == 0 ? "base " + number(random.below(2)) : "layer " + number(random.below(6)) + "." + number(at);
      image.layers.push_back(digest_of(layer));
    }
    image.poisonous = has_poison && i == 1;
    image.refusals = random.chance(15) ? 1 + random.below(2) : 0;
    image.layer_refusals = random.chance(15) ? 1 : 0;
    image.broken = random.chance(10);
    if (image.broken) unreadable_.insert(image.digest);
    order_.push_back(image.digest);
    images_.emplace(image.digest, std::move(image));
  }
  const std::uint32_t hosts = 1 + random.below(2);
  for (std::uint32_t host = 0; host < hosts; ++host) {
    ModelRegistry registry;
    registry.host = "registry" + number(host) + ".test:5000";
    if (random.chance(20)) registry.password = "password";
    for (std::uint32_t i = 0; i < count; ++i) {
      if (host > 0 && i > 0 && random.chance(60)) continue;
      ModelTag tag;
      tag.images = {order_[i]};
      if (i > 1 && random.chance(15)) {
        tag.images.push_back(order_[i - 1]);
        tag.index = "index " + number(i);
      }
      auto& repository = registry.repositories["team/app" + number(i / 3)];
      repository["v" + number(i)] = tag;
      if (random.chance(20)) repository["w" + number(i)] = std::move(tag);
    }
    if (random.chance(20)) registry.repositories["team/chart"]["1"] = {.images = {}, .index = "chart", .artifact = true};
    if (random.chance(10)) {
      const std::string& name = registry.repositories.begin()->first;
      registry.forbidden.insert(name);
      for (const auto& [tag, target] : registry.repositories[name]) unreadable_.insert(target.images.begin(), target.images.end());
    }
    registries_.push_back(std::move(registry));
  }
}

const ModelRegistry* RegistryModel::find(const std::string& host) const {
  const auto found = std::ranges::find(registries_, host, &ModelRegistry::host);
  return found == registries_.end() ? nullptr : &*found;
}

std::vector<protocol::InventoryItem> RegistryModel::items_of(const std::string& repository, const std::string& tag,
                                                             const ModelTag& target) const {
  protocol::InventoryItem item;
  item.repository = repository;
  item.tag = tag;
  item.platform = "linux/amd64";
  if (target.artifact) {
    item.digest = digest_of(target.index);
    item.outcome = protocol::ItemOutcome::unsupported;
    item.reason = "an artifact";
    item.code = "unsupported";
    return {item};
  }
  if (!target.index.empty()) item.index_digest = digest_of(target.index);
  std::vector<protocol::InventoryItem> items;
  for (const Digest& digest : target.images) {
    item.digest = digest;
    item.outcome = gone_.contains(digest) ? protocol::ItemOutcome::gone : protocol::ItemOutcome::image;
    item.reason = gone_.contains(digest) ? "gone" : "";
    item.code = gone_.contains(digest) ? "not_found" : "";
    items.push_back(item);
  }
  return items;
}

protocol::InventoryPage RegistryModel::list(const ModelRegistry& registry, const protocol::ListWork& work,
                                            const std::string& cursor) const {
  protocol::InventoryPage page;
  page.last = true;
  page.cursor = cursor;
  const auto wanted = [&](const std::string& name, const std::string& tag) {
    return work.references.empty() || std::ranges::find(work.references, name + ":" + tag) != work.references.end();
  };
  for (const auto& [name, tags] : registry.repositories) {
    ++page.repositories_listed;
    for (const auto& [tag, target] : tags) {
      const std::string place = name + ":" + tag;
      if (place <= cursor || !wanted(name, tag)) continue;
      if (page.items.size() >= kItemsOfPage) {
        page.last = false;
        return page;
      }
      for (protocol::InventoryItem& item : items_of(name, tag, target)) page.items.push_back(std::move(item));
      page.cursor = place;
    }
  }
  return page;
}

std::optional<Error> RegistryModel::fetch(const std::string& host, const std::string& repository, const Digest& digest) {
  const ModelRegistry* const registry = find(host);
  if (registry == nullptr || gone_.contains(digest)) return Error(ErrorCode::not_found, "the registry does not have it");
  if (registry->forbidden.contains(repository)) return Error(ErrorCode::forbidden, "the registry refuses it");
  ModelImage& image = images_.at(digest);
  if (image.refusals == 0) return std::nullopt;
  --image.refusals;
  return Error(ErrorCode::unavailable, "the registry is busy");
}

std::optional<Error> RegistryModel::fetch_layer(const Digest& digest) {
  ModelImage& image = images_.at(digest);
  if (image.broken) return Error(ErrorCode::malformed, "the layer is damaged");
  if (image.layer_refusals == 0) return std::nullopt;
  --image.layer_refusals;
  return Error(ErrorCode::unavailable, "the registry is busy");
}

std::string RegistryModel::change(std::uint32_t how) {
  ++changes_;
  const Digest& digest = order_[how / 8 % order_.size()];
  if (how % 4 == 0) {
    gone_.insert(digest);
    unreadable_.insert(digest);
    return "image " + digest.str().substr(0, 14) + " is deleted";
  }
  ModelRegistry& registry = registries_[how / 4 % registries_.size()];
  auto& tags = registry.repositories.begin()->second;
  auto tag = std::next(tags.begin(), static_cast<std::ptrdiff_t>(how / 16 % tags.size()));
  tag->second = {.images = {digest}, .index = "", .artifact = false};
  if (registry.forbidden.contains(registry.repositories.begin()->first)) unreadable_.insert(digest);
  return "tag " + tag->first + " moves to " + digest.str().substr(0, 14);
}

}  // namespace landwaiter::simulation
