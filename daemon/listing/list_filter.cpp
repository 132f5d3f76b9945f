// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing/list_filter.hpp"

#include "core/base/limits.hpp"

namespace landwaiter::daemon {
namespace {

using protocol::InventoryItem;
using protocol::TimeSource;

Result<std::optional<SystemTime>> instant(const std::string& text, const char* name) {
  if (text.empty()) return std::optional<SystemTime>();
  const auto time = from_rfc3339(text);
  if (!time) return Error(ErrorCode::invalid_argument, std::string(name) + " is not an RFC 3339 timestamp");
  return time;
}

InventoryItem left_out(const OpenRepository& repository, const registry::TagEntry& entry, TimeSource time_source, std::string reason) {
  InventoryItem item = filtered_item(repository.name, entry.tag, std::move(reason));
  item.digest = entry.digest;
  item.pushed = entry.pushed;
  item.time_source = time_source;
  return item;
}

std::vector<InventoryItem> only(InventoryItem item) {
  std::vector<InventoryItem> items;
  items.push_back(std::move(item));
  return items;
}

/// A tag on its way through the filters.
class Choice {
 public:
  Choice(std::shared_ptr<OpenRepository> repository, TagWork work, std::shared_ptr<const ListFilter> filter)
      : repository_(std::move(repository)), work_(std::move(work)), filter_(std::move(filter)) {}

  asio::awaitable<std::vector<InventoryItem>> run() {
    registry::TagEntry& entry = work_.entry;
    if (!work_.chosen) {
      if (!filter_->tags.wants(entry.tag))
        co_return only(left_out(*repository_, entry, TimeSource::none, "its tag does not match the filter"));
      if (!from_rfc3339(entry.pushed)) entry.pushed.clear();
      if (!entry.pushed.empty()) work_.time_source = TimeSource::registry;
    }
    if (!work_.chosen && filter_->timed()) {
      auto refused = co_await choose_by_time();
      if (refused) co_return *std::move(refused);
    }
    if (!manifest_) {
      auto status = co_await read();
      if (!status) co_return failed(status.error());
    }
    TagListing listing = make_listing();
    const PushTime pushed{entry.pushed, work_.time_source};
    co_return co_await listing.expand(manifest_, pushed);
  }

 private:
  /// The tag's items if it is not listed, or not listed yet.
  asio::awaitable<std::optional<std::vector<InventoryItem>>> choose_by_time() {
    registry::TagEntry& entry = work_.entry;
    if (entry.pushed.empty()) {
      auto status = co_await read_config();
      if (!status) co_return failed(status.error());
    }
    const auto time = from_rfc3339(entry.pushed);
    if (!time) {
      co_return only(
          left_out(*repository_, entry, TimeSource::none, "neither the registry nor the image's config says when it was pushed"));
    }
    if (!filter_->window.contains(*time)) {
      co_return only(left_out(*repository_, entry, work_.time_source, "it was not pushed in the requested time"));
    }
    if (filter_->newest == 0) co_return std::nullopt;
    std::vector<InventoryItem> items;
    const auto older = repository_->newest.add({entry, *time, work_.time_source});
    if (older) {
      const std::string reason = "it is not among the newest " + std::to_string(filter_->newest) + " tags of its repository";
      items.push_back(left_out(*repository_, older->entry, older->time_source, reason));
    }
    co_return items;
  }

  Awaitable<void> read() {
    auto manifest = co_await repository_->reader->read_tag(work_.entry);
    if (!manifest) co_return manifest.error();
    manifest_ = *std::move(manifest);
    co_return Result<void>();
  }

  Awaitable<void> read_config() {
    auto status = co_await read();
    if (!status) co_return status;
    TagListing listing = make_listing();
    auto created = co_await listing.created(manifest_);
    if (!created) co_return created.error();
    work_.entry.digest = manifest_->digest;
    work_.entry.pushed = *created;
    if (!created->empty()) work_.time_source = TimeSource::image_config;
    co_return Result<void>();
  }

  TagListing make_listing() const {
    const bool is_digest = Digest::parse(work_.entry.tag).has_value();
    return TagListing(repository_->reader, filter_->rules, repository_->name, is_digest ? "" : work_.entry.tag);
  }

  std::vector<InventoryItem> failed(const Error& error) const {
    const auto digest = Digest::parse(work_.entry.tag);
    InventoryItem item = failed_item(repository_->name, digest ? "" : work_.entry.tag, error);
    if (digest) item.digest = *digest;
    item.pushed = work_.entry.pushed;
    item.time_source = work_.time_source;
    return only(std::move(item));
  }

  std::shared_ptr<OpenRepository> repository_;
  TagWork work_;
  std::shared_ptr<const ListFilter> filter_;
  KnownManifest manifest_;
};

}  // namespace

Result<ListFilter> ListFilter::of(const protocol::ListWork& work, bool ask_configs) {
  ListFilter out;
  out.repositories = {work.repositories, work.exclude_repositories};
  out.tags = {work.tags, work.exclude_tags};
  const auto after = instant(work.pushed_after, "pushed_after");
  if (!after) return after.error();
  const auto before = instant(work.pushed_before, "pushed_before");
  if (!before) return before.error();
  out.window = {*after, *before};
  if (work.newest > limits::newest_max) {
    return Error(ErrorCode::invalid_argument, "at most the newest " + std::to_string(limits::newest_max) + " tags can be requested");
  }
  out.newest = static_cast<std::size_t>(work.newest);
  out.rules = {work.platforms, ask_configs};
  return out;
}

asio::awaitable<std::vector<InventoryItem>> list_tag(std::shared_ptr<OpenRepository> repository, TagWork work,
                                                     std::shared_ptr<const ListFilter> filter) {
  Choice choice(std::move(repository), std::move(work), std::move(filter));
  co_return co_await choice.run();
}

}  // namespace landwaiter::daemon
