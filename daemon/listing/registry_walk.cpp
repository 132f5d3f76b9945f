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

  std::string fallback() const {
    const bool named = client_->endpoint().kind != "auto";
    return named && options_.enumerator ? options_.enumerator->fallback() : std::string();
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
    if (!failure_) failure_ = catalog_failure_;
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
    open_waiting();
    const bool more = !catalog_done_ && !reading_catalog_ && waiting_.empty() && progress_.open() < limits::open_repositories_max;
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
    repository->next = page->next;
    auto more = follow(repository->guard, page->entries.names(), page->invalid, page->next);
    repository->put_page(std::move(page->entries));
    if (!more) {
      Error failed = more.error().with_context("list of tags");
      co_return co_await give_up(repository, std::move(failed));
    }
    repository->listed = page->next.empty();
    co_return co_await pages_.add(invalid_items(page->invalid, repository->name));
  }

  static Result<void> follow(registry::PageGuard& guard, const TextList& names, const std::vector<std::string>& invalid,
                             const std::string& next) {
    if (next.empty()) return {};
    for (const std::string_view name : names) guard.saw(name);
    for (const std::string& name : invalid) guard.saw(name);
    return guard.follow(next);
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
    waiting_page_ = std::make_shared<const std::string>(catalog_next_);
    auto page = co_await options_.enumerator->repositories(catalog_next_);
    if (!page) co_return end_catalog(page.error());
    waiting_ = std::move(page->names);
    opened_ = behind_resumed();
    catalog_next_ = page->next;
    catalog_done_ = page->next.empty();
    auto more = follow(catalog_guard_, waiting_, page->invalid, page->next);
    if (!more) more = end_catalog(more.error().with_context("catalog of " + client_->endpoint().host));
    if (!more) co_return more;
    std::vector<InventoryItem> items = invalid_items(page->invalid, "");
    // A project that may not be listed hides its content, which must be visible in the result.
    for (const registry::UnlistedPart& part : page->unlisted) items.push_back(failed_item(part.name, "", part.error));
    co_return co_await pages_.add(std::move(items));
  }

  /// The rest of the catalog is lost. What it listed so far is still read, unless that would fail in the same way, or now.
  Result<void> end_catalog(const Error& error) {
    if (error.transient() || error.code() == ErrorCode::cancelled || error.code() == ErrorCode::invalid_argument) return error;
    catalog_failure_ = error;
    catalog_done_ = true;
    return {};
  }

  /// Opens repositories of the catalog's page, a few at a time: a page may name hundreds of thousands.
  void open_waiting() {
    while (!waiting_.empty() && open_.size() < kRepositoriesAhead && progress_.open() < limits::open_repositories_max) {
      if (opened_ == waiting_.size()) {
        waiting_ = TextList();
        break;
      }
      const std::string name(waiting_[opened_++]);
      const bool wanted = filter_->repositories.wants(name);
      WalkProgress::Entry* const entry = progress_.add(name, waiting_page_, !wanted);
      if (!wanted) {
        progress_.finish(entry);
        continue;
      }
      open_.push_back(std::make_shared<OpenRepository>(name, filter_->newest));
      open_.back()->entry = entry;
    }
  }

  /// The index of the first name that an earlier attempt had not passed. If the one it stopped at is gone, the page is read again.
  std::size_t behind_resumed() {
    if (resume_after_.empty()) return 0;
    const auto found = std::ranges::find(waiting_, std::exchange(resume_after_, ""));
    if (found != waiting_.end()) return static_cast<std::size_t>(found - waiting_.begin()) + 1;
    WalkCursor& cursor = progress_.cursor;
    cursor.after.clear();
    cursor.listed = cursor.page_listed;
    cursor.filtered = cursor.page_filtered;
    return 0;
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
  TextList waiting_;  ///< the names of the catalog's page, until the last one is open
  std::size_t opened_ = 0;
  std::shared_ptr<const std::string> waiting_page_;
  bool catalog_done_ = true;  ///< also if the catalog is not needed
  bool reading_catalog_ = false;
  registry::PageGuard catalog_guard_;
  std::list<Repository> open_;  ///< in the catalog's order; finished ones are removed
  std::vector<InventoryItem> unreadable_;
  PageWriter pages_;
  std::size_t busy_ = 0;
  std::optional<Error> failure_;
  std::optional<Error> catalog_failure_;  ///< which ends the walk when all that was listed before is done
  Event changed_;
};

RegistryWalk::RegistryWalk(asio::any_io_executor executor, std::shared_ptr<registry::Client> client, protocol::ListWork work, PageSink sink,
                           std::stop_token stop, WalkOptions options)
    : impl_(std::make_unique<Impl>(executor, std::move(client), std::move(work), std::move(sink), std::move(stop), std::move(options))) {}
RegistryWalk::~RegistryWalk() = default;

Awaitable<void> RegistryWalk::run() { return impl_->run(); }
std::string RegistryWalk::fallback() const { return impl_->fallback(); }
Awaitable<void> RegistryWalk::run_repository(std::string repository) { return impl_->run_repository(std::move(repository)); }

}  // namespace landwaiter::daemon
