// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing/tag_listing.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "registry/client/media_types.hpp"

#include <algorithm>

namespace landwaiter::daemon {
namespace {

using protocol::InventoryItem;
using protocol::ItemOutcome;
using protocol::TimeSource;

bool is_manifest_type(std::string_view type) {
  return type == registry::media_types::kOciManifest || type == registry::media_types::kDockerManifest;
}

/// Some registries report a missing manifest with a status other than 404.
bool says_it_is_gone(const Error& error) {
  if (error.code() == ErrorCode::not_found) return true;
  if (error.code() != ErrorCode::malformed && error.code() != ErrorCode::unavailable) return false;
  const std::string& text = error.message();
  const auto has = [&text](std::string_view part) { return text.find(part) != std::string::npos; };
  return has("\"MANIFEST_UNKNOWN") || has("\"NAME_UNKNOWN") ||
         (has("\"UNKNOWN: ") && to_lower(text).find("not found") != std::string::npos);
}

}  // namespace

InventoryItem failed_item(const std::string& repository, const std::string& tag, const Error& error) {
  InventoryItem item;
  item.repository = repository;
  item.tag = tag;
  item.outcome = ItemOutcome::failed;
  ErrorCode code = error.code();
  if (says_it_is_gone(error)) code = ErrorCode::not_found;
  if (code == ErrorCode::not_found) item.outcome = ItemOutcome::gone;
  if (code == ErrorCode::unsupported) item.outcome = ItemOutcome::unsupported;
  item.code = to_string(code);
  item.reason = error.message();
  return item;
}

InventoryItem filtered_item(const std::string& repository, const std::string& tag, std::string reason) {
  InventoryItem item;
  item.repository = repository;
  item.tag = tag;
  item.outcome = ItemOutcome::filtered;
  item.reason = std::move(reason);
  return item;
}

TagListing::TagListing(std::shared_ptr<ManifestReader> reader, TagRules rules, std::string repository, std::string tag)
    : reader_(std::move(reader)), rules_(std::move(rules)), repository_(std::move(repository)), tag_(std::move(tag)) {}

asio::awaitable<std::vector<InventoryItem>> TagListing::expand(KnownManifest manifest, PushTime pushed) {
  pushed_ = std::move(pushed);
  if (manifest->kind == ManifestFacts::Kind::index) {
    co_await expand_index(std::move(manifest), 0);
  } else {
    co_await add_image(std::move(manifest), Digest());
  }
  co_return std::move(items_);
}

asio::awaitable<void> TagListing::expand_index(KnownManifest index, std::size_t depth) {
  if (depth >= limits::index_depth_max) {
    const Error error(ErrorCode::limit_exceeded, "indexes are nested deeper than " + std::to_string(limits::index_depth_max));
    add(failed_item(repository_, tag_, error));
    co_return;
  }
  for (const ManifestMember& member : index->members) {
    if (member.attestation || !seen_.insert(member.digest).second) continue;
    if (seen_.size() > limits::index_manifests_max) {
      add(failed_item(repository_, tag_, Error(ErrorCode::limit_exceeded, "its indexes list too many manifests in total")));
      co_return;
    }
    // What is neither of a known type is read to see what it is.
    if (is_manifest_type(member.media_type)) {
      co_await add_member(member, index->digest);
    } else {
      co_await expand_inner(member, index->digest, depth + 1);
    }
  }
}

asio::awaitable<void> TagListing::expand_inner(ManifestMember member, Digest index, std::size_t depth) {
  const std::string reference = member.digest.str();
  auto manifest = co_await reader_->read(reference);
  if (!manifest) {
    InventoryItem item = failed_item(repository_, tag_, manifest.error());
    item.index_digest = index;
    item.digest = member.digest;
    item.platform = member.platform;
    add(std::move(item));
    co_return;
  }
  if ((*manifest)->kind != ManifestFacts::Kind::index) {
    co_await add_image(*std::move(manifest), std::move(index));
    if (items_.back().platform.empty()) items_.back().platform = member.platform;
    co_return;
  }
  co_await expand_index(*std::move(manifest), depth);
}

/// The index has enough; the member itself is read only if configs are requested.
asio::awaitable<void> TagListing::add_member(ManifestMember member, Digest index) {
  InventoryItem item = make_item(member.digest, member.media_type, index);
  item.platform = member.platform;
  if (!matches_platform(member.platform, rules_.platforms)) {
    item.outcome = ItemOutcome::filtered;
    item.reason = "its platform does not match the filter";
  } else if (rules_.ask_configs) {
    auto manifest = co_await reader_->read(member.digest.str());
    if (manifest && (*manifest)->kind != ManifestFacts::Kind::index) {
      co_await add_image(*std::move(manifest), std::move(index));
      if (items_.back().platform.empty()) items_.back().platform = item.platform;
      co_return;
    }
    if (!manifest) {
      InventoryItem failed = failed_item(repository_, tag_, manifest.error());
      item.outcome = failed.outcome;
      item.reason = failed.reason;
      item.code = failed.code;
    }
  }
  add(std::move(item));
}

asio::awaitable<void> TagListing::add_image(KnownManifest manifest, Digest index) {
  InventoryItem item = make_item(manifest->digest, manifest->media_type, index);
  if (manifest->kind == ManifestFacts::Kind::artifact) {
    item.outcome = ItemOutcome::unsupported;
    item.code = to_string(ErrorCode::unsupported);
    item.reason = "an artifact, not an image: " + manifest->artifact_type;
  } else if (rules_.ask_configs || !rules_.platforms.empty()) {
    auto full = co_await reader_->read_config(manifest);
    // Without its config the image is still an image to scan: the scan will report the reason.
    if (full) manifest = *std::move(full);
  }
  item.size_bytes = manifest->size_bytes;
  if (manifest->config_read) {
    item.platform = manifest->platform;
    item.created = manifest->created;
  }
  if (item.outcome == ItemOutcome::image && !matches_platform(item.platform, rules_.platforms)) {
    item.outcome = ItemOutcome::filtered;
    item.reason = "its platform does not match the filter";
  }
  add(std::move(item));
}

void TagListing::add(InventoryItem item) {
  item.pushed = pushed_.text;
  item.time_source = pushed_.source;
  if (item.pushed.empty() && !item.created.empty()) {
    item.pushed = item.created;
    item.time_source = TimeSource::image_config;
  }
  items_.push_back(std::move(item));
}

InventoryItem TagListing::make_item(const Digest& digest, const std::string& media_type, const Digest& index) const {
  InventoryItem item;
  item.repository = repository_;
  item.tag = tag_;
  item.index_digest = index;
  item.digest = digest;
  item.media_type = printable(media_type);
  item.outcome = ItemOutcome::image;
  return item;
}

Awaitable<std::string> TagListing::created(KnownManifest manifest) {
  for (std::size_t depth = 0; manifest->kind == ManifestFacts::Kind::index; ++depth) {
    if (depth >= limits::index_depth_max) co_return std::string();
    const auto wanted = [this](const ManifestMember& member) {
      return !member.attestation && matches_platform(member.platform, rules_.platforms);
    };
    const auto first = std::ranges::find_if(manifest->members, wanted);
    if (first == manifest->members.end()) co_return std::string();
    auto member = co_await reader_->read(first->digest.str());
    if (!member) co_return member.error();
    manifest = *std::move(member);
  }
  auto full = co_await reader_->read_config(manifest);
  if (!full) co_return full.error();
  co_return (*full)->created;
}

asio::awaitable<std::vector<InventoryItem>> list_reference(std::shared_ptr<registry::ImageSource> source, std::string reference,
                                                           std::string repository, std::string tag) {
  auto reader = std::make_shared<ManifestReader>(std::move(source), nullptr);
  auto manifest = co_await reader->read(reference);
  if (!manifest) {
    std::vector<InventoryItem> failed{failed_item(repository, tag, manifest.error())};
    if (const auto digest = Digest::parse(reference)) failed.front().digest = *digest;
    co_return failed;
  }
  TagListing listing(std::move(reader), TagRules(), std::move(repository), std::move(tag));
  co_return co_await listing.expand(*std::move(manifest), PushTime());
}

}  // namespace landwaiter::daemon
