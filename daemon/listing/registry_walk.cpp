// SPDX-License-Identifier: Apache-2.0
#include "daemon/listing/registry_walk.hpp"

#include "core/base/limits.hpp"
#include "daemon/listing/list_filter.hpp"

#include <algorithm>
#include <list>
#include <utility>

namespace landwaiter::daemon {
namespace {

using protocol::InventoryItem;

/// The next page of the catalog is requested when fewer repositories than this are waiting: some registries need a minute per page.
constexpr std::size_t kRepositoriesAhead = 200;

/// Names from the registry that are invalid and cannot be requested: they are accounted for as well.
std::vector<InventoryItem> invalid_items(const std::vector<std::string>& names, const std::string& repository) {
  const Error error(ErrorCode::unsupported, "the registry lists an invalid name");
  std::vector<InventoryItem> items;
  for (const std::string& name : names)
    items.push_back(repository.empty() ? failed_item(name, "", error) : failed_item(repository, name, error));
  return items;
}

enum class Step { none, tag, tags_page, catalog_page };

}  // namespace

/// A fixed number of workers, each with at most one request in flight, take one step after another: a tag of an open repository,
/// otherwise the tags of the next repository, otherwise the next page of the catalog.
class RegistryWalk::Impl {
 public:
  Impl(asio::any_io_executor executor, std::shared_ptr<registry::Client> client, protocol::ListWork work, PageSink sink,
       std::stop_token stop, WalkOptions options)
      : executor_(executor),
        client_(std::move(client)),
        work_(std::move(work)),
        stop_(std::move(stop)),
        options_(prepare(std::move(options))),
        progress_(WalkCursor::parse(work_.cursor)),
        resume_after_(progress_.cursor.after),
        catalog_next_(progress_.cursor.page),
        pages_(executor, std::move(sink), progress_, options_.memory),
        changed_(executor) {}

  Awaitable<void> run() {
    if (!work_.references.empty()) {
      open_references();
      co_return co_await walk();
    }
    catalog_done_ = false;
    co_return co_await walk();
  }

  Awaitable<void> run_repository(std::string repository) {
    open_.push_back(std::make_shared<OpenRepository>(std::move(repository), static_cast<std::size_t>(work_.newest)));
    co_return co_await walk();
  }

 private:
  using Repository = std::shared_ptr<OpenRepository>;

  static WalkOptions prepare(WalkOptions options) {
    if (!options.memory) options.memory = std::make_shared<RecentManifests>();
    options.requests_in_flight = std::max<std::size_t>(1, options.requests_in_flight);
    return options;
  }

  Awaitable<void> walk() {
    auto filter = ListFilter::of(work_, options_.ask_configs);
    if (!filter) co_return filter.error();
    filter_ = std::make_shared<const ListFilter>(*std::move(filter));
    if (!options_.enumerator && work_.references.empty()) {
      auto enumerator = co_await registry::open_enumerator(client_);
      if (!enumerator) co_return enumerator.error();
      options_.enumerator = *std::move(enumerator);
    }
    auto status = co_await pages_.add(std::move(unreadable_));
    if (!status) co_return status;
    TaskGroup workers(executor_);
    for (std::size_t i = 0; i < options_.requests_in_flight; ++i) workers.spawn(take_steps());
    co_await workers.join();
    if (failure_ && failure_->code() == ErrorCode::cancelled) co_return *failure_;
    // What was listed before a failure counts: a later attempt resumes after it.
    status = co_await pages_.finish(!failure_);
    if (failure_) co_return *failure_;
    co_return status;
  }

  void open_references() {
    for (const std::string& text : work_.references) {
      // Names are within this registry: without a host, some would be parsed as Docker Hub names, or their start as a host.
      auto reference = registry::Reference::parse("localhost/" + text);
      if (!reference) {
        unreadable_.push_back(failed_item(text, "", reference.error()));
        continue;
      }
      auto repository = std::make_shared<OpenRepository>(reference->repository, 0);
      repository->listed = true;
      repository->broken = true;  // a partial list is not the whole
      repository->put({{reference->manifest_reference(), Digest(), ""}, protocol::TimeSource::none, true});
      open_.push_back(std::move(repository));
    }
  }

  asio::awaitable<void> take_steps() {
    while (!failure_) {
      if (stop_.stop_requested()) {
        fail(Error(ErrorCode::cancelled, "the listing was cancelled"));
        break;
      }
      Repository repository;
      const Step step = next_step(repository);
      if (step == Step::none) {
        if (busy_ == 0) break;
        co_await changed_.wait();
        continue;
      }
      ++busy_;
      const auto status = co_await take(step, std::move(repository));
      --busy_;
      if (!status) fail(status.error());
      changed_.notify();
    }
    changed_.notify();
  }

  void fail(const Error& error) {
    if (!failure_) failure_ = error;
  }

  /// Chooses the next step and marks it as started.
  Step next_step(Repository& repository) {
    const bool more = !catalog_done_ && !reading_catalog_ && progress_.open() < limits::open_repositories_max;
    if (!more || open_.size() >= kRepositoriesAhead) {
      for (const Repository& open : open_) {
        if (!open->has_tag() && !open->wants_page()) continue;
        repository = open;
        return begin(*open);
      }
    }
    if (!more) return Step::none;
    reading_catalog_ = true;
    return Step::catalog_page;
  }

  static Step begin(OpenRepository& repository) {
    if (repository.has_tag()) {
      ++repository.running;
      return Step::tag;
    }
    repository.listing = true;
    return Step::tags_page;
  }

  Awaitable<void> take(Step step, Repository repository) {
    if (step == Step::catalog_page) {
      auto read = co_await read_catalog_page();
      reading_catalog_ = false;
      co_return read;
    }
    if (step == Step::tags_page) {
      auto read = co_await read_tags_page(repository);
      repository->listing = false;
      settle(repository);
      co_return read;
    }
    auto listed = co_await take_tag(repository);
    --repository->running;
    settle(repository);
    co_return listed;
  }

  Awaitable<void> take_tag(Repository repository) {
    TagWork work = repository->take();
    co_await begin_reading(repository);
    auto items = co_await list_tag(repository, std::move(work), filter_);
    for (const InventoryItem& item : items) {
      if (item.code == to_string(ErrorCode::cancelled)) co_return Error(ErrorCode::cancelled, item.reason);
    }
    co_return co_await pages_.add(std::move(items));
  }

  asio::awaitable<void> begin_reading(Repository repository) {
    if (repository->reader) co_return;
    const bool walked = co_await options_.memory->walked(full_name(*repository));
    if (!repository->reader) repository->reader = std::make_shared<ManifestReader>(client_, repository->name, options_.memory, walked);
  }

  std::string full_name(const OpenRepository& repository) const { return client_->endpoint().host + '/' + repository.name; }

  Awaitable<void> read_tags_page(Repository repository) {
    co_await begin_reading(repository);
    auto page = co_await options_.enumerator->tags(repository->name, repository->next);
    if (!page) {
      // One repository's failure must not end the walk, but a stop must.
      if (page.error().code() == ErrorCode::cancelled) co_return page.error();
      co_return co_await give_up(repository, page.error());
    }
    repository->put_page(std::move(page->entries));
    repository->next = page->next;
    if (page->next.empty()) repository->listed = true;
    else if (auto fresh = repository->guard.follow(page->next); !fresh) {
      Error failed = fresh.error().with_context("list of tags");
      co_return co_await give_up(repository, std::move(failed));
    }
    co_return co_await pages_.add(invalid_items(page->invalid, repository->name));
  }

  Awaitable<void> give_up(Repository repository, Error error) {
    repository->listed = true;
    repository->broken = true;
    std::vector<InventoryItem> items;
    items.push_back(failed_item(repository->name, "", error));
    co_return co_await pages_.add(std::move(items));
  }

  void settle(const Repository& repository) {
    if (!repository->settled()) return;
    repository->choose_newest();
    if (repository->has_tag()) return;
    if (!repository->broken) options_.memory->note_walked(full_name(*repository));
    if (repository->entry != nullptr) progress_.finish(repository->entry);
    open_.remove(repository);
  }

  Awaitable<void> read_catalog_page() {
    const auto cursor = std::make_shared<const std::string>(catalog_next_);
    auto page = co_await options_.enumerator->repositories(*cursor);
    if (!page) co_return page.error();
    auto name = behind_resumed(page->names);
    for (; name != page->names.end(); ++name) {
      const bool wanted = filter_->repositories.wants(*name);
      WalkProgress::Entry* entry = progress_.add(*name, cursor, !wanted);
      if (!wanted) {
        progress_.finish(entry);
        continue;
      }
      auto repository = std::make_shared<OpenRepository>(std::move(*name), filter_->newest);
      repository->entry = entry;
      open_.push_back(std::move(repository));
    }
    catalog_next_ = page->next;
    catalog_done_ = page->next.empty();
    if (!catalog_done_) {
      auto fresh = catalog_guard_.follow(page->next);
      if (!fresh) co_return fresh.error().with_context("catalog of " + client_->endpoint().host);
    }
    std::vector<InventoryItem> items = invalid_items(page->invalid, "");
    // A project that may not be listed hides its content, which must be visible in the result.
    for (const registry::UnlistedPart& part : page->unlisted) items.push_back(failed_item(part.name, "", part.error));
    co_return co_await pages_.add(std::move(items));
  }

  /// The first name that an earlier attempt had not passed. If the one it stopped at is gone, the page is read again.
  std::vector<std::string>::iterator behind_resumed(std::vector<std::string>& names) {
    if (resume_after_.empty()) return names.begin();
    const auto found = std::ranges::find(names, std::exchange(resume_after_, ""));
    if (found != names.end()) return std::next(found);
    WalkCursor& cursor = progress_.cursor;
    cursor.after.clear();
    cursor.listed = cursor.page_listed;
    cursor.filtered = cursor.page_filtered;
    return names.begin();
  }

  asio::any_io_executor executor_;
  std::shared_ptr<registry::Client> client_;
  protocol::ListWork work_;
  std::stop_token stop_;
  WalkOptions options_;
  std::shared_ptr<const ListFilter> filter_;
  WalkProgress progress_;
  std::string resume_after_;
  std::string catalog_next_;
  bool catalog_done_ = true;  ///< also if the catalog is not needed
  bool reading_catalog_ = false;
  registry::PageGuard catalog_guard_;
  std::list<Repository> open_;  ///< in the catalog's order; finished ones are removed
  std::vector<InventoryItem> unreadable_;
  PageWriter pages_;
  std::size_t busy_ = 0;
  std::optional<Error> failure_;
  Event changed_;
};

RegistryWalk::RegistryWalk(asio::any_io_executor executor, std::shared_ptr<registry::Client> client, protocol::ListWork work, PageSink sink,
                           std::stop_token stop, WalkOptions options)
    : impl_(std::make_unique<Impl>(executor, std::move(client), std::move(work), std::move(sink), std::move(stop), std::move(options))) {}
RegistryWalk::~RegistryWalk() = default;

Awaitable<void> RegistryWalk::run() { return impl_->run(); }
Awaitable<void> RegistryWalk::run_repository(std::string repository) { return impl_->run_repository(std::move(repository)); }

}  // namespace landwaiter::daemon
