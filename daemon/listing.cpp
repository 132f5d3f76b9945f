// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing.hpp"

#include "core/json.hpp"
#include "core/limits.hpp"

#include <algorithm>
#include <set>

namespace landwaiter::daemon {
namespace {

using protocol::InventoryItem;
using registry::Awaitable;

/// Manifests asked for at once in one repository; the transport's bound on connections is the real throttle.
constexpr std::size_t kManifestsInFlight = 8;
/// A page goes out when it holds this many items, so that scanning starts while listing goes on.
constexpr std::size_t kPageItems = 200;

InventoryItem failed_item(const std::string& repository, const std::string& tag, const Error& error) {
  InventoryItem item;
  item.repository = repository;
  item.tag = tag;
  item.outcome = "failed";
  if (error.code() == ErrorCode::not_found) item.outcome = "gone";
  if (error.code() == ErrorCode::unsupported) item.outcome = "unsupported";
  item.reason = error.message();
  return item;
}

/// Expands one reference; a class because an index leads to more manifests, which lead to more.
class Expansion {
 public:
  Expansion(std::shared_ptr<registry::ImageSource> source, std::string repository, std::string tag)
      : source_(std::move(source)), repository_(std::move(repository)), tag_(std::move(tag)) {}

  asio::awaitable<void> expand(std::string reference, Digest index, std::size_t depth) {
    auto fetching = source_->manifest(reference);
    auto document = co_await std::move(fetching);
    if (!document) {
      InventoryItem item = failed_item(repository_, tag_, document.error());
      item.index_digest = index;
      if (auto digest = Digest::parse(reference)) item.digest = *digest;
      items.push_back(std::move(item));
      co_return;
    }
    if (document->image) {
      add_image(*document, index);
    } else if (depth >= limits::index_depth_max) {
      const Error error(ErrorCode::limit_exceeded, "indexes are nested deeper than " + std::to_string(limits::index_depth_max));
      items.push_back(failed_item(repository_, tag_, error));
    } else {
      auto members = expand_members(*std::move(document), depth);
      co_await std::move(members);
    }
  }

  std::vector<InventoryItem> items;

 private:
  asio::awaitable<void> expand_members(registry::ManifestDocument document, std::size_t depth) {
    for (const registry::Descriptor& member : document.index->manifests) {
      if (member.attestation || !seen_.insert(member.digest).second) continue;
      if (is_index(member.media_type)) {
        auto inner = expand(member.digest.str(), document.digest, depth + 1);
        co_await std::move(inner);
        continue;
      }
      InventoryItem item = make_item(member.digest, member.media_type, document.digest);
      item.platform = member.platform;
      items.push_back(std::move(item));
    }
  }

  void add_image(const registry::ManifestDocument& document, const Digest& index) {
    InventoryItem item = make_item(document.digest, document.image->media_type, index);
    if (!document.image->is_image()) {
      item.outcome = "unsupported";
      item.reason = "an artifact, not an image: " +
                    (document.image->artifact_type.empty() ? document.image->config.media_type : document.image->artifact_type);
    }
    for (const registry::Descriptor& layer : document.image->layers) item.size_bytes += layer.size_bytes;
    items.push_back(std::move(item));
  }

  InventoryItem make_item(const Digest& digest, const std::string& media_type, const Digest& index) const {
    InventoryItem item;
    item.repository = repository_;
    item.tag = tag_;
    item.index_digest = index;
    item.digest = digest;
    item.media_type = media_type;
    item.outcome = "image";
    return item;
  }

  static bool is_index(std::string_view media_type) {
    return media_type == "application/vnd.oci.image.index.v1+json" || media_type == "application/vnd.docker.distribution.manifest.list.v2+json";
  }

  std::shared_ptr<registry::ImageSource> source_;
  std::string repository_;
  std::string tag_;
  std::set<Digest> seen_;
};

/// Where a walk stands: the catalog page it reads, and the last repository that is done in it.
struct Cursor {
  std::string page;
  std::string after;

  std::string str() const { return dump_json({{"page", page}, {"after", after}}); }

  static Cursor parse(const std::string& text) {
    Cursor cursor;
    auto document = parse_json(text, "cursor");
    if (!document) return cursor;  // an empty or foreign cursor: from the start, which repeats work and loses nothing
    auto read = read_json_fields("cursor", [&] {
      document->at("page").get_to(cursor.page);
      document->at("after").get_to(cursor.after);
    });
    return read ? cursor : Cursor();
  }
};

}  // namespace

bool matches_any(std::string_view name, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return true;
  return std::ranges::any_of(patterns, [&](std::string_view pattern) {
    if (pattern == ".*" || pattern == "*") return true;
    if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
    if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
    return name == pattern;
  });
}

asio::awaitable<std::vector<InventoryItem>> list_reference(std::shared_ptr<registry::ImageSource> source, std::string reference,
                                                           std::string repository, std::string tag) {
  Expansion expansion(std::move(source), std::move(repository), std::move(tag));
  auto expanding = expansion.expand(std::move(reference), Digest(), 0);
  co_await std::move(expanding);
  co_return std::move(expansion.items);
}

RegistryWalk::RegistryWalk(asio::any_io_executor executor, std::shared_ptr<registry::Client> client, protocol::ListWork work,
                           PageSink deliver, std::stop_token stop)
    : executor_(executor), client_(std::move(client)), work_(std::move(work)), deliver_(std::move(deliver)), stop_(std::move(stop)) {}

Awaitable<void> RegistryWalk::run() {
  auto walk = start();
  auto walked = co_await std::move(walk);
  if (!walked) co_return walked.error();
  auto last = flush(true);
  co_return co_await std::move(last);
}

Awaitable<void> RegistryWalk::run_repository(std::string repository) {
  auto walking = walk_repository(std::move(repository));
  auto walked = co_await std::move(walking);
  if (!walked) co_return walked.error();
  auto last = flush(true);
  co_return co_await std::move(last);
}

Awaitable<void> RegistryWalk::start() {
  if (work_.references.empty()) return walk_catalog();
  return walk_references();
}

Awaitable<void> RegistryWalk::walk_references() {
  for (const std::string& text : work_.references) {
    // Names are within this registry: without a host before them, some would be taken for Docker Hub's, or their start for a host.
    auto reference = registry::Reference::parse("localhost/" + text);
    std::vector<InventoryItem> items;
    if (!reference) {
      items.push_back(failed_item(text, "", reference.error()));
    } else {
      std::shared_ptr<registry::ImageSource> source = registry::Client::repository_source(client_, reference->repository);
      auto listing = list_reference(source, reference->manifest_reference(), reference->repository, reference->tag);
      items = co_await std::move(listing);
    }
    auto adding = add(std::move(items));
    auto added = co_await std::move(adding);
    if (!added) co_return added.error();
  }
  co_return Result<void>();
}

Awaitable<void> RegistryWalk::walk_catalog() {
  Cursor cursor = Cursor::parse(work_.cursor);
  cursor_ = work_.cursor;
  registry::PageGuard guard;
  while (true) {
    auto asking = client_->catalog(cursor.page);
    auto page = co_await std::move(asking);
    if (!page) co_return page.error();
    auto refusing = add_invalid(page->invalid, "");
    auto refused = co_await std::move(refusing);
    if (!refused) co_return refused.error();
    auto done = cursor.after.empty() ? page->names.end() : std::ranges::find(page->names, cursor.after);
    auto first = done == page->names.end() ? page->names.begin() : std::next(done);
    for (auto name = first; name != page->names.end(); ++name) {
      if (!matches_any(*name, work_.repositories)) continue;
      auto walking = walk_repository(*name);
      auto walked = co_await std::move(walking);
      if (!walked) co_return walked.error();
      cursor.after = *name;
      cursor_ = cursor.str();
    }
    if (page->next.empty()) co_return Result<void>();
    auto fresh = guard.follow(page->next);
    if (!fresh) co_return fresh.error().with_context("catalog of " + client_->endpoint().host);
    cursor = Cursor{page->next, ""};
    cursor_ = cursor.str();
  }
}

/// Names that the registry gave and that no registry can be asked for: they are accounted for, too.
Awaitable<void> RegistryWalk::add_invalid(std::vector<std::string> names, std::string repository) {
  std::vector<InventoryItem> items;
  for (std::string& name : names) {
    const Error error(ErrorCode::unsupported, "the registry lists a name that breaks the grammar of names");
    items.push_back(repository.empty() ? failed_item(name, "", error) : failed_item(repository, name, error));
  }
  auto adding = add(std::move(items));
  co_return co_await std::move(adding);
}

Awaitable<void> RegistryWalk::walk_repository(std::string repository) {
  std::string next;
  registry::PageGuard guard;
  while (true) {
    auto asking = client_->tags(repository, next);
    auto page = co_await std::move(asking);
    if (!page) {
      // One repository's failure must not end the walk; but a stop must.
      if (page.error().code() == ErrorCode::cancelled) co_return page.error();
      auto adding = add({failed_item(repository, "", page.error())});
      co_return co_await std::move(adding);
    }
    auto refusing = add_invalid(page->invalid, repository);
    auto refused = co_await std::move(refusing);
    if (!refused) co_return refused.error();
    auto listing = list_tags(repository, page->names);
    auto listed = co_await std::move(listing);
    if (!listed) co_return listed.error();
    if (page->next.empty()) co_return Result<void>();
    if (auto fresh = guard.follow(page->next); !fresh) {
      auto adding = add({failed_item(repository, "", fresh.error().with_context("list of tags"))});
      co_return co_await std::move(adding);
    }
    next = page->next;
  }
}

Awaitable<void> RegistryWalk::list_tags(std::string repository, std::vector<std::string> tags) {
  std::shared_ptr<registry::ImageSource> source = registry::Client::repository_source(client_, repository);
  for (std::size_t first = 0; first < tags.size(); first += kManifestsInFlight) {
    if (stop_.stop_requested()) co_return Error(ErrorCode::cancelled, "the listing was cancelled");
    const std::size_t count = std::min(kManifestsInFlight, tags.size() - first);
    std::vector<std::vector<InventoryItem>> found(count);
    TaskGroup group(executor_);
    auto list_one = [&](std::size_t i) -> asio::awaitable<void> {
      const std::string tag = tags[first + i];
      auto listing = list_reference(source, tag, repository, tag);
      found[i] = co_await std::move(listing);
    };
    for (std::size_t i = 0; i < count; ++i) group.spawn(list_one(i));
    co_await group.join();
    for (std::vector<InventoryItem>& items : found) {
      auto adding = add(std::move(items));
      auto added = co_await std::move(adding);
      if (!added) co_return added.error();
    }
  }
  co_return Result<void>();
}

Awaitable<void> RegistryWalk::add(std::vector<InventoryItem> items) {
  for (InventoryItem& item : items) {
    items_.push_back(std::move(item));
    if (items_.size() < kPageItems) continue;
    auto flushing = flush(false);
    auto flushed = co_await std::move(flushing);
    if (!flushed) co_return flushed.error();
  }
  co_return Result<void>();
}

Awaitable<void> RegistryWalk::flush(bool last) {
  protocol::InventoryPage page;
  page.cursor = cursor_;
  page.last = last;
  page.items = std::exchange(items_, {});
  auto delivering = deliver_(std::move(page));
  co_return co_await std::move(delivering);
}

}  // namespace landwaiter::daemon
